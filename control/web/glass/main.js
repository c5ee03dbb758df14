/* The looking glass: what the route server hears, refuses, and passes on. */
import * as api from "../lib/api.js";
import { h, patch } from "../lib/dom.js";
import * as live from "../lib/live.js";
import { button } from "../lib/parts.js";
import * as router from "../lib/router.js";
import { sign_in, skip_link } from "../lib/signin.js";
import { explain } from "./explain.js";
import { member } from "./member.js";
import { members } from "./members.js";
import { overview } from "./overview.js";
import { search } from "./search.js";
import { sources } from "./sources.js";
import * as viewer from "./viewer.js";

const PAGES = [
    ["/", overview],
    ["/members", members],
    ["/members/:address", member],
    ["/search", search],
    ["/explain", explain],
    ["/sources", sources],
    ["/sign-in", ask_token],
];

function ask_token(context, problem = null) {
    sign_in(context, problem, {
        lead: problem ? "This looking glass is not public: it asks for an access token."
            : "With a token you see more: a customer the refused routes of its own sessions, an " +
                "operator everything.",
        done: async () => {
            await viewer.ask();
            show_who();
            live.begin_stream();
            if (problem) {
                router.enter();
            } else {
                router.go("/");
            }
        },
    });
}

/* Most looking glasses are for everybody; who has a token sees more. */
function show_who() {
    const sign_out = () => {
        api.set_token("");
        location.reload();
    };
    patch(document.getElementById("who"),
        api.token() ? button("Sign out", sign_out, { kind: "small" })
            : h("a", { href: "#/sign-in" }, "Sign in"));
}

skip_link();
show_who();
await viewer.ask();
live.begin_stream();
router.start(PAGES, { title: "Looking glass", sign_in: ask_token });
