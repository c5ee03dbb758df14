/* A file to choose and to send. */
import { h, unique } from "../lib/dom.js";
import { announce, button, failure } from "../lib/parts.js";

/* options: label, accept, send(file) → promise, done(): shows the page again. */
export function upload({ label, accept, send, done }) {
    const id = unique("file");
    const input = h("input", { type: "file", id, accept });
    const result = h("div", { role: "alert" });
    const go = async () => {
        result.replaceChildren();
        if (!input.files[0]) {
            result.append(h("p", { class: "error" }, "Choose a file first."));
            input.focus();
            return;
        }
        try {
            await send(input.files[0]);
            announce("The file was taken.");
            result.append(h("p", {}, "✓ Taken."));
            await done();
        } catch (problem) {
            const text = problem instanceof SyntaxError ? { message: "This file is no JSON." }
                : problem;
            result.replaceChildren(failure(text));
        }
    };
    return h("div", { class: "upload field", "data-keep": true },
        h("label", { for: id }, label), input, result,
        h("div", { class: "buttons" }, button("Upload", go)));
}
