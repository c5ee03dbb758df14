/* What the server's short names mean, in plain words. */

/* Sessions: RFC 4271 §8.2.2's states.  `tone` picks a colour, `sign` says the same without one. */
const SESSION_STATES = {
    established: { tone: "good", sign: "●", text: "Established",
        means: "Up: routes are exchanged." },
    openconfirm: { tone: "busy", sign: "◐", text: "OpenConfirm",
        means: "Nearly up: both sides have introduced themselves." },
    opensent: { tone: "busy", sign: "◐", text: "OpenSent",
        means: "Connected; waiting for the router to introduce itself." },
    active: { tone: "busy", sign: "○", text: "Active",
        means: "Waiting for the router to connect." },
    connect: { tone: "busy", sign: "○", text: "Connect",
        means: "Trying to connect to the router." },
    idle: { tone: "bad", sign: "○", text: "Idle",
        means: "Not trying at the moment, after an error or by order." },
    off: { tone: "off", sign: "◇", text: "Does not run",
        means: "The session's page says why." },
    disabled: { tone: "off", sign: "◇", text: "Disabled", means: "Switched off by an operator." },
};

const PREFIX_STATES = {
    "draft": { tone: "off", sign: "○", text: "Draft",
        means: "Only you know of it. Submit it to have it checked." },
    "pending-validation": { tone: "busy", sign: "◐", text: "Being checked",
        means: "Waiting for a proof that it is yours." },
    "validated": { tone: "busy", sign: "◑", text: "Proved",
        means: "Proved to be yours. Not announced yet." },
    "provisioned": { tone: "busy", sign: "◕", text: "Ready",
        means: "Everything is in place; announce it when you like." },
    "announced-limited": { tone: "good", sign: "◒", text: "Announced for a test",
        means: "Only your own sessions and test sessions hear it." },
    "announced": { tone: "good", sign: "●", text: "Announced",
        means: "Accepted from you and passed on to everybody." },
    "draining": { tone: "busy", sign: "◔", text: "Draining",
        means: "Still reachable, but others are told to prefer another way." },
    "withdrawn": { tone: "off", sign: "◌", text: "Withdrawn",
        means: "Not accepted from you at the moment." },
    "released": { tone: "off", sign: "–", text: "Released",
        means: "Given back. It can be deleted." },
    "validation-failed": { tone: "bad", sign: "✕", text: "Check failed",
        means: "No proof holds. See what to do below." },
    "suspended": { tone: "bad", sign: "✕", text: "Suspended",
        means: "Its proof was lost: routes are refused until it is back." },
    "expired": { tone: "bad", sign: "✕", text: "Expired",
        means: "Its time is over. Set a later end to go on." },
};

const ASN_STATES = {
    pending: { tone: "busy", sign: "◐", text: "Not proved yet",
        means: "Waiting for a proof that it is yours." },
    verified: { tone: "good", sign: "●", text: "Verified", means: "Proved to be yours." },
    suspended: { tone: "bad", sign: "✕", text: "Suspended", means: "Its proof was lost." },
    revoked: { tone: "bad", sign: "✕", text: "Revoked", means: "An operator took it back." },
};

const CHECK_RESULTS = {
    pending: { tone: "busy", sign: "◐", text: "Not checked yet" },
    waiting: { tone: "busy", sign: "◐", text: "With the operator" },
    unused: { tone: "off", sign: "–", text: "Not used" },
    valid: { tone: "good", sign: "✓", text: "Valid" },
    missing: { tone: "off", sign: "○", text: "Nothing found" },
    mismatch: { tone: "bad", sign: "✕", text: "Does not match" },
    invalid: { tone: "bad", sign: "✕", text: "Invalid" },
    expired: { tone: "bad", sign: "✕", text: "Expired" },
    error: { tone: "busy", sign: "!", text: "Could not be asked" },
};

/* Of the checks that `explain` lists. */
const VERDICTS = {
    pass: { tone: "good", sign: "✓", text: "passes" },
    fail: { tone: "bad", sign: "✕", text: "fails" },
    warn: { tone: "busy", sign: "!", text: "fails, only warned of" },
    skipped: { tone: "off", sign: "–", text: "skipped" },
    off: { tone: "off", sign: "–", text: "not in use" },
};

const REASONS = {
    "roa-missing": "There is no ROA for this prefix and origin.",
    "roa-asn-mismatch": "The ROA names another origin ASN.",
    "roa-maxlength": "The ROA does not allow prefixes this long.",
    "roa-expired": "The ROA has expired.",
    "irr-missing": "There is no route object for this prefix and origin.",
    "irr-origin-mismatch": "The route object names another origin ASN.",
    "irr-source-untrusted": "The route object stands in a database that is not trusted here.",
    "ownership-token-missing": "The token was not found.",
    "ownership-token-mismatch": "Another token was found.",
    "signature-invalid": "The signature does not fit the message and the certificate.",
    "message-format": "The signed message is not the one given here.",
    "message-cidr-mismatch": "The signed message names another prefix.",
    "date-expired": "The date in the message is past.",
    "cert-missing": "No certificate is known to be the holder's.",
    "cert-expired": "The certificate has expired.",
    "rir-unsupported": "The registry of this address space cannot be asked.",
    "cidr-format": "This is not a prefix: the bits behind the length must be zero.",
    "too-specific": "The prefix is longer than is accepted here.",
    "too-short": "The prefix is shorter than is accepted here.",
    "overlap-other-tenant": "It overlaps with a prefix of somebody else.",
    "already-announced-elsewhere": "Somebody else announces it already.",
    "asn-private": "A private ASN cannot be used for global BGP.",
    "asn-unverified": "The ASN has not been proved yet.",
    "loa-missing": "There is no letter of authorisation yet.",
    "reputation": "The operator has refused it.",
    "quota": "Your quota is used up.",
    "pending": "It is not known yet.",
};

const METHODS = {
    roa: { title: "ROA in the RPKI", short: "ROA" },
    irr: { title: "Route object in an IRR", short: "Route object" },
    "aut-num": { title: "Token in the aut-num object", short: "aut-num" },
    dns: { title: "TXT record in the reverse zone", short: "DNS" },
    remark: { title: "Token in the registry's remarks", short: "Remark" },
    signature: { title: "Message signed with a certificate", short: "Signature" },
    letter: { title: "Letter of authorisation", short: "Letter" },
    operator: { title: "Approved by the operator", short: "Operator" },
    overlap: { title: "No overlap with others", short: "Overlap" },
};

const UNKNOWN = { tone: "off", sign: "?", means: "" };

function look_up(table, key) {
    return table[String(key ?? "").toLowerCase()] ?? { ...UNKNOWN, text: String(key ?? "unknown") };
}

export const session_state = (key) => look_up(SESSION_STATES, key);
export const prefix_state = (key) => look_up(PREFIX_STATES, key);
export const asn_state = (key) => look_up(ASN_STATES, key);
export const check_result = (key) => look_up(CHECK_RESULTS, key);
export const verdict = (key) => look_up(VERDICTS, key);
export const reason = (code) => (code ? REASONS[code] ?? code : "");
export const method = (key) => METHODS[key] ?? { title: key, short: key };

/* Of a row of /neighbors: disabled wins over the machine's own state. */
export function member_state(row) {
    return session_state(row.enabled === false ? "disabled" : row.state);
}

/* The server's short names, as words: "first_as" → "first as". */
export function plain(name) {
    return String(name).replaceAll("_", " ");
}
