/* Buttons that do something at the server, each with what it does beside it. */
import { h, patch } from "../lib/dom.js";
import { announce, button, confirm_dialog, failure } from "../lib/parts.js";

const running = new WeakSet();

/* What went wrong is shown where the button is, and stays over the page's next reading. */
async function run(action, event) {
    const target = event.currentTarget;
    const place = target.closest(".actions").querySelector(".action-result");
    if (running.has(target) || target.getAttribute("aria-disabled") === "true") {
        return;
    }
    if (action.sure && !await confirm_dialog(`${action.text}?`, action.sure, action.text)) {
        target.focus();
        return;
    }
    running.add(target);
    patch(place);
    try {
        await action.run();
        announce(`${action.text}: done.`);
    } catch (problem) {
        patch(place, failure(problem));
    } finally {
        running.delete(target);
    }
}

/* What cannot be done now is said to be off but keeps the focus: a button that vanishes from under
 * one's fingers is lost for who works by keyboard.
 *
 * actions: [{text, does, run() → promise, kind, is_off, sure (asked before)}]. */
export function action_bar(actions) {
    return h("div", { class: "actions" },
        h("div", { class: "action-result", "data-keep": true }),
        h("ul", { class: "action-list" }, actions.map((action) => h("li", {
            "data-key": action.text,
        }, button(action.text, (event) => run(action, event),
            { kind: action.kind ?? "", "aria-disabled": action.is_off ? "true" : null }),
        h("span", { class: "quiet" }, action.does)))));
}
