/* The portal: a customer's way from an ASN to a running session, and the operators' desk. */
import * as api from "../lib/api.js";
import { h, patch } from "../lib/dom.js";
import * as live from "../lib/live.js";
import { button } from "../lib/parts.js";
import * as router from "../lib/router.js";
import { sign_in, skip_link } from "../lib/signin.js";
import * as me from "./me.js";
import { asn, asn_new, asns } from "./asns.js";
import { history } from "./history.js";
import { letters } from "./letters.js";
import { overview } from "./overview.js";
import { prefix } from "./prefix.js";
import { prefix_new, prefixes } from "./prefixes.js";
import { resource_pages } from "./resources.js";
import { session } from "./session.js";
import { session_new, sessions } from "./sessions.js";

const CUSTOMER = [["/", "Overview"], ["/asns", "ASNs"], ["/prefixes", "Prefixes"],
    ["/sessions", "Sessions"], ["/tokens", "Tokens"], ["/history", "History"]];
const OPERATOR = [["/tenants", "Tenants"], ["/prefixes", "Prefixes"], ["/sessions", "Sessions"],
    ["/asns", "ASNs"], ["/letters", "Approvals"], ["/sites", "Sites"],
    ["/templates", "Templates"], ["/tokens", "Tokens"], ["/history", "Audit log"]];

/* An operator begins with the tenants. */
async function first(context) {
    if (me.is_operator()) {
        router.go("/tenants");
        return;
    }
    await overview(context);
}

const PAGES = [
    ["/", first],
    ["/tenants/:id/overview", overview],
    ["/asns", asns], ["/asns/new", asn_new], ["/asns/:id", asn],
    ["/prefixes", prefixes], ["/prefixes/new", prefix_new], ["/prefixes/:id", prefix],
    ["/sessions", sessions], ["/sessions/new", session_new], ["/sessions/:id", session],
    ["/letters", letters],
    ["/history", history],
    ...resource_pages(["tenants", "sites", "templates", "tokens"]),
];

function show_head() {
    const person = me.who();
    const sections = !person ? [] : me.is_operator() ? OPERATOR : CUSTOMER;
    patch(document.getElementById("sections"), sections.length === 0 ? null : h("ul", {},
        sections.map(([path, name]) => h("li", {},
            h("a", { href: `#${path}`, "data-section": true }, name)))));
    patch(document.getElementById("who"), !person ? null : [
        h("span", { class: "name" }, person.name || me.role_text()), " ",
        button("Sign out", sign_out, { kind: "small" })]);
}

function sign_out() {
    api.set_token("");
    me.forget();
    live.end_stream();
    location.hash = "#/";
    location.reload();
}

/* Who one is decides what there is to see, so that is asked first. */
function with_person(page) {
    return async (context) => {
        if (!api.token()) {
            throw new api.Problem(401);
        }
        if (!me.who()) {
            await me.ask(context.signal);
            show_head();
            router.mark();
            live.begin_stream();
        }
        await page(context);
    };
}

skip_link();
router.start(PAGES.map(([pattern, page]) => [pattern, with_person(page)]), {
    title: "Causeway portal",
    sign_in: (context, problem) => {
        me.forget();
        show_head();
        sign_in(context, problem, {
            lead: "Bring your ASN and your prefixes, prove that they are yours, and get a BGP " +
                "session. You need the access token that the operator gave you.",
            done: () => router.enter(),
        });
    },
});
