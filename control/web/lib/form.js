/* Forms made of a list of fields, with errors where they belong.
 *
 * A field: {name (the member of the JSON object), label, type, hint, …}.  Types: text, number,
 * check, choice (options: [[value, text]]), list (words parted by spaces or commas), numbers,
 * many (options, any of them), moment (date and time, UTC).  A Problem's pointer ("/origins/1")
 * names the field that it is shown at ("/quota/asns": quota_asns); without one it stands above the
 * form.  The remedy of a mere error of form is for programs: here the field itself is marked. */
import { h, patch, unique } from "./dom.js";
import { sentence } from "./format.js";
import { announce } from "./parts.js";

const words_of = (text) => text.split(/[\s,]+/).filter((word) => word);

/* What the API wants, from what stands in the control. */
const READERS = {
    text: (control) => control.value.trim() || null,
    secret: (control) => control.value || null,
    number: (control) => (control.value === "" ? null : Number(control.value)),
    check: (control) => control.checked,
    choice: (control) => control.value || null,
    list: (control) => words_of(control.value),
    numbers: (control) => words_of(control.value)
        .map((word) => (/^(AS)?\d+$/i.test(word) ? Number(word.replace(/^AS/i, "")) : word)),
    many: (control) => [...control.querySelectorAll("input:checked")].map((box) => box.value),
    moment: (control) => (control.value ? `${control.value}:00Z` : null),
};

function shown(field, value) {
    if (value === null || value === undefined) {
        return "";
    }
    if (field.type === "moment") {
        return value.slice(0, 16);
    }
    return Array.isArray(value) ? value.join(" ") : String(value);
}

function choice_control(field, value, common) {
    return h("select", common, field.options.map(([key, text]) =>
        h("option", { value: key ?? "", selected: String(key ?? "") === String(value ?? "") },
            text)));
}

function many_control(field, value, common) {
    return h("div", { ...common, role: "group", "aria-labelledby": `${common.id}-label` },
        field.options.map(([key, text]) => h("label", { class: "check" },
            h("input", { type: "checkbox", value: key, checked: (value ?? []).includes(key) }),
            text)));
}

function input_control(field, value, common) {
    const types = { number: "number", moment: "datetime-local", secret: "password" };
    return h("input", {
        ...common, type: types[field.type] ?? "text", value: shown(field, value),
        autocomplete: "off", spellcheck: "false", autocapitalize: "off",
        min: field.min ?? null, max: field.max ?? null, placeholder: field.example ?? null,
        inputmode: field.type === "number" ? "numeric" : null, required: field.required ?? false,
    });
}

function control_of(field, value, id) {
    const described = [field.hint ? `${id}-hint` : null, `${id}-error`].filter((one) => one);
    const common = { id, name: field.name, "aria-describedby": described.join(" ") };
    if (field.type === "choice") {
        return choice_control(field, value, common);
    }
    if (field.type === "many") {
        return many_control(field, value, common);
    }
    if (field.type === "check") {
        return h("input", { ...common, type: "checkbox", checked: Boolean(value) });
    }
    return input_control(field, value, common);
}

function row_of(field, control, id) {
    const label = field.type === "many" ? h("span", { class: "label", id: `${id}-label` },
        field.label) : h("label", { for: id }, field.label);
    const optional = field.required || field.type === "check" || field.type === "choice"
        || field.type === "many" ? null : h("span", { class: "optional" }, " optional");
    const hint = field.hint ? h("p", { class: "hint", id: `${id}-hint` }, field.hint) : null;
    const error = h("p", { class: "error", id: `${id}-error` });
    const row = field.type === "check"
        ? h("div", { class: "field" }, h("div", { class: "check" }, control, label), hint, error)
        : h("div", { class: "field" }, h("div", { class: "label-line" }, label, optional), hint,
            control, error);
    return { field, control, row, error };
}

function show_problem(parts, top, problem) {
    const [, name = "", inner] = problem.pointer.split("/");
    const part = parts.find((one) => [name, `${name}_${inner}`].includes(one.field.name));
    if (!part) {
        patch(top, h("div", { class: "notice bad" },
            h("p", {}, h("strong", {}, sentence(problem.message))),
            problem.remedy ? h("p", {}, sentence(problem.remedy)) : null,
            problem.reason ? h("p", { class: "code" }, "Code: ",
                h("code", {}, problem.reason)) : null));
        top.focus();
        return;
    }
    patch(part.error, h("strong", {}, sentence(problem.message)),
        problem.remedy && problem.reason !== "form" ? ` ${sentence(problem.remedy)}` : "");
    const control = part.control.matches("input, select") ? part.control
        : part.control.querySelector("input") ?? part.control;
    control.setAttribute("aria-invalid", "true");
    part.row.classList.add("is-wrong");
    control.focus();
    announce(`${part.field.label}: ${problem.message}`);
}

function clear_problems(parts, top) {
    patch(top);
    for (const part of parts) {
        patch(part.error);
        part.row.classList.remove("is-wrong");
        part.row.querySelectorAll("[aria-invalid]").forEach((control) =>
            control.removeAttribute("aria-invalid"));
    }
}

function values_of(parts, sends_empty) {
    const body = {};
    for (const { field, control } of parts) {
        const value = READERS[field.type ?? "text"](control);
        if (sends_empty || field.type === "check" || (value !== null && value !== "")) {
            body[field.name] = value;
        }
    }
    return body;
}

/* A page whose address says what its form was filled with (a search) gives the form a key by
 * which it stays while it is itself what led there, so that the focus does, and is made anew when
 * something else did: a link, or the way back. */
const sent = new Map();

function text_of(query) {
    return JSON.stringify(Object.entries(query).filter(([, value]) => value));
}

export function query_key(name, query) {
    const last = sent.get(name) ?? { text: "", number: 0 };
    if (last.text !== text_of(query)) {
        sent.set(name, { text: text_of(query), number: last.number + 1 });
    }
    return `${name}-${sent.get(name).number}`;
}

export function note_query(name, query) {
    sent.set(name, { text: text_of(query), number: sent.get(name)?.number ?? 0 });
    return query;
}

/* options: fields, values (an object that is edited, or what to begin with), submit (the text of
 * the button), on_submit(body) → promise, is_edit: empty fields are sent as null, cancel: a link.
 * The form belongs to the page until it is left: patch leaves its inside alone. */
export function form(options) {
    const top = h("div", { class: "form-top", tabindex: "-1", role: "alert" });
    const parts = options.fields.map((field) => {
        const id = unique("field");
        return row_of(field, control_of(field, options.values?.[field.name], id), id);
    });
    const submit = h("button", { type: "submit", class: "button primary" }, options.submit);
    const on_submit = async (event) => {
        event.preventDefault();
        if (submit.getAttribute("aria-disabled") === "true") {
            return;
        }
        clear_problems(parts, top);
        submit.setAttribute("aria-disabled", "true");
        try {
            await options.on_submit(values_of(parts, options.is_edit), element);
        } catch (problem) {
            show_problem(parts, top, problem);
        } finally {
            submit.removeAttribute("aria-disabled");
        }
    };
    const element = h("form", {
        class: "form", novalidate: true, on_submit, "data-keep": true,
        "data-key": options.key ?? null, "aria-label": options.label ?? options.submit,
    }, top, parts.map((part) => part.row), h("div", { class: "buttons" }, submit,
        options.cancel ? h("a", { class: "button", href: options.cancel }, "Cancel") : null));
    return element;
}
