/* The live side of a session of the registry. */
import * as api from "../lib/api.js";

/* The member's row as the looking glass has it.  Of a session that does not run: {why, remedy};
 * null when it is not this server's. */
export async function status_of(id, signal) {
    try {
        const { rows, text, remedy } = await api.get(`/sessions/${id}/status`, {}, signal);
        return rows[0] ?? (text ? { why: text, remedy, state: "Off" } : null);
    } catch (problem) {
        if (problem.status === 404 || problem.status === 409) {
            return null;
        }
        throw problem;
    }
}
