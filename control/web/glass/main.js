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

const PAGES = [
    ["/", overview],
    ["/members", members],
    ["/members/:address", member],
    ["/search", search],
    ["/explain", explain],
    ["/sources", sources],
];

/* Who is signed in matters only where the looking glass is not for everybody. */
function show_who() {
    const sign_out = () => {
        api.set_token("");
        location.reload();
    };
    patch(document.getElementById("who"),
        api.token() ? button("Sign out", sign_out, { kind: "small" }) : h("span", {}));
}

skip_link();
show_who();
live.begin_stream();
router.start(PAGES, {
    title: "Looking glass",
    sign_in: (context, problem) => sign_in(context, problem, {
        lead: "This looking glass is not public: it asks for an access token.",
        done: () => {
            show_who();
            live.begin_stream();
            router.enter();
        },
    }),
});
