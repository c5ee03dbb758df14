/* Who is signed in, and whose things are looked at. */
import * as api from "../lib/api.js";

let person = null;

export const who = () => person;

export async function ask(signal) {
    person = await api.get("/whoami", {}, signal);
}

export function forget() {
    person = null;
}

/* Operators and viewers see all tenants; only the former may change anything. */
export const is_operator = () => person?.role === "operator" || person?.role === "viewer";
export const may_change = () => person?.role !== "viewer";
export const tenant = () => person?.tenant ?? null;

export function role_text(role = person?.role) {
    return { operator: "Operator", viewer: "Viewer", tenant: "Customer" }[role] ?? "";
}

/* An operator says for whom; a customer is itself. */
export function tenant_field(tenants) {
    return is_operator() ? [{
        name: "tenant", label: "Tenant", type: "choice", required: true,
        options: [[null, "choose a tenant"], ...tenants.map((one) => [one.id, one.name])],
    }] : [];
}

export async function tenants(signal) {
    return is_operator() ? api.list("/tenants", {}, signal) : [];
}

/* The body of a creation, with whose it is. */
export function owned(body) {
    return is_operator() ? body : { tenant: tenant(), ...body };
}
