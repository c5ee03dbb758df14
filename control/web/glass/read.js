/* The live part of the API, read. */
import * as api from "../lib/api.js";

export async function status(signal) {
    const answer = await api.get("/status", {}, signal);
    return answer.rows ? answer.rows[0] : answer;
}

/* All of them: the list has no pages. */
export async function members(signal) {
    return (await api.get("/neighbors", {}, signal)).rows ?? [];
}

export async function member(address, signal) {
    const answer = await api.get(`/neighbors/${encodeURIComponent(address)}`, {}, signal);
    return answer.rows ? answer.rows[0] : answer;
}

/* One page of routes: {rows, next_cursor}.  Nothing found is an answer, not a failure. */
export async function routes(query, signal) {
    try {
        const answer = await api.get("/routes", query, signal);
        return { rows: answer.rows ?? [], next_cursor: answer.next_cursor ?? null };
    } catch (problem) {
        if (problem.status === 404) {
            return { rows: [], next_cursor: null };
        }
        throw problem;
    }
}

/* Nobody announcing the prefix is an answer, too: {rows: [], text}. */
export async function explain(query, signal) {
    try {
        return await api.get("/explain", query, signal);
    } catch (problem) {
        if (problem.status === 404) {
            return { rows: [], text: problem.message };
        }
        throw problem;
    }
}

/* Of a server without RPKI data there is nothing to show, which is no failure. */
export async function rpki(signal) {
    try {
        return await api.get("/rpki", {}, signal);
    } catch (problem) {
        if (problem.status === 409) {
            return { rows: [], text: problem.message };
        }
        throw problem;
    }
}

/* AS-SETs are shown to operators only; null for others. */
export async function irr(signal) {
    try {
        return await api.get("/irr", {}, signal);
    } catch (problem) {
        if ([401, 403, 404].includes(problem.status)) {
            return null;
        }
        throw problem;
    }
}
