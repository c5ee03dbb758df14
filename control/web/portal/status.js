/* The live side of a session of the registry. */
import * as api from "../lib/api.js";

/* The member's row as the looking glass has it; null when the session is not this server's. */
export async function status_of(id, signal) {
    try {
        const answer = await api.get(`/sessions/${id}/status`, {}, signal);
        return answer.rows ? answer.rows[0] ?? null : answer;
    } catch (problem) {
        if (problem.status === 404 || problem.status === 409) {
            return null;
        }
        throw problem;
    }
}
