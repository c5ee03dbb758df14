/* Forms that change an object of the registry.
 *
 * A form belongs to who fills it in and stays while the page reads again, so it remembers which
 * revision it shows.  When the object is another by now (412) and the form's own fields are what
 * they were, nobody is in the way: it is sent again.  Else the reader decides. */
import * as api from "../lib/api.js";
import { form } from "../lib/form.js";
import { announce } from "../lib/parts.js";

const is_same = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/* The labels of the fields that somebody else has changed meanwhile. */
function changed(fields, before, now) {
    return fields.filter((field) => !is_same(before[field.name], now[field.name]))
        .map((field) => `“${field.label}”`);
}

/* `values`: the form's fields out of an object; `body`: what is sent, out of the form's fields and
 * the object. */
export function edit_form(path, one, fields, { values = (it) => it, body = (it) => it } = {}) {
    let shown = one;
    const send = async (given) => {
        try {
            return await api.change(path, body(given, shown), shown.revision);
        } catch (problem) {
            if (problem.status !== 412) {
                throw problem;
            }
        }
        const now = await api.get(path);
        const theirs = changed(fields, values(shown), values(now));
        shown = now;
        if (theirs.length > 0) {
            throw new api.Problem(412, {
                detail: `Somebody else has changed ${theirs.join(" and ")} meanwhile.`,
                remedy: "Press Save again to put yours in its place, or load the page again to " +
                    "see what it is now.",
            });
        }
        return api.change(path, body(given, shown), shown.revision);
    };
    return form({
        key: `edit-${one.id}`, fields, values: values(one), submit: "Save", is_edit: true,
        on_submit: async (given) => {
            shown = await send(given);
            announce("Saved.");
        },
    });
}
