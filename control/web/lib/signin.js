/* Signing in with a token, and the link that jumps over the head of the page. */
import * as api from "./api.js";
import { h } from "./dom.js";
import { form } from "./form.js";
import { section } from "./parts.js";

const FIELDS = [{
    name: "token", label: "Access token", type: "secret", required: true,
    hint: "It begins with cwy_ and was shown once when it was made.",
}];

/* Tried before it is kept, so that a wrong one is told at the field. */
async function try_token(text) {
    api.set_token(text);
    try {
        await api.get("/whoami");
    } catch (problem) {
        api.set_token("");
        if (problem.status === 401) {
            throw new api.Problem(401, {
                detail: "This token is not known, or it has expired.",
                remedy: "Check that it was copied whole, or ask for a new one.",
                pointer: "/token",
            });
        }
        throw problem;
    }
}

/* `problem`: why it is asked for; its text is shown when a token was refused. */
export function sign_in(context, problem, { lead, done }) {
    const was_refused = Boolean(api.token());
    api.set_token("");
    context.title("Sign in");
    context.show(h("h1", {}, "Sign in"), h("p", { class: "lead" }, lead),
        section("With a token", null,
            was_refused && problem ? h("p", { role: "alert" }, problem.message) : null,
            form({
                fields: FIELDS, submit: "Sign in", label: "Sign in",
                on_submit: async ({ token = "" }) => {
                    await try_token(token.trim());
                    done();
                },
            }),
            h("p", { class: "hint" }, "The token stays in this tab and is forgotten when you " +
                "close it. It is sent to this server only.")));
}

/* The router reads fragments, so the link may not set one. */
export function skip_link() {
    document.querySelector("[data-skip]").addEventListener("click", (event) => {
        event.preventDefault();
        document.getElementById("main").focus();
    });
}
