/* What portal/run checks in the browser. */
import { audit_pages } from "../lib/audit.mjs";
import { ask, check, equal, main, until } from "../lib/harness.mjs";

const ASN = 64510;
const GRACEFUL_SHUTDOWN = 0xffff0000; /* RFC 8326. */
const WAYS = [
    { family: 4, name: "IPv4", prefix: "203.0.113.0/24", long: "203.0.113.128/25" },
    { family: 6, name: "IPv6", prefix: "2001:db8:113::/48", long: "2001:db8:113::/64" },
];

const heading = (page, name) => page.getByRole("heading", { level: 1, name });
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function open(page, browser, path) {
    await page.goto("about:blank");
    await page.goto(`${browser.base}/portal/#${path}`);
    await page.locator("main h1").waitFor();
}

const is_in_state = (page, text) => page.locator("h1 + .badge", {
    hasText: new RegExp(`${text}$`) }).waitFor();

const confirm = (page, name) => page.getByRole("dialog").getByRole("button", { name }).click();

/* The prefix in the other member's FRR. */
const heard = (way) => ask("heard", { family: way.family, prefix: way.prefix });

async function sign_in(page, browser) {
    await page.goto(`${browser.base}/portal/`);
    await page.getByLabel("Access token").fill(process.env.TOKEN);
    await button(page, "Sign in").click();
    await heading(page, "Birch Hosting").waitFor();
    equal(await page.evaluate(() => document.activeElement.tagName), "H1",
        "signed in: the focus is on the new page's heading");
    equal(await page.evaluate(() => [document.cookie, localStorage.length]), ["", 0],
        "signed in: the token is in no cookie and not kept beyond the tab");
}

/* RDAP as the registry of the ASN would answer, with the line that the page gave. */
async function upload_rdap(page, operator, browser) {
    await page.locator("summary", { hasText: "Token in the registry's remarks" }).click();
    const line = await page.locator("details", { hasText: "RDAP JSON" }).locator("pre")
        .innerText();
    await page.getByLabel("RDAP JSON").setInputFiles({ name: "autnum.json",
        mimeType: "application/json", buffer: Buffer.from(JSON.stringify({
            objectClassName: "autnum", startAutnum: ASN, endAutnum: ASN,
            remarks: [{ description: [line] }] })) });
    await button(page, "Upload").click();
    await page.getByText("✓ Taken.").waitFor();
    await open(operator, browser, "/letters");
    await operator.getByRole("heading", { name: `AS${ASN}: Token in the registry's remarks` })
        .waitFor();
    await button(operator, "Approve").click();
    await operator.getByText("Nothing is waiting for you.").waitFor();
    check(true, "ASN: what was uploaded waits for the operator, who approves it");
}

async function register_asn(page, operator, browser) {
    await page.getByRole("link", { name: "Register your ASN" }).click();
    await page.getByLabel("AS number").fill("0");
    await button(page, "Register").click();
    check(await until(() => page.getByLabel("AS number").evaluate((element) =>
        element.getAttribute("aria-invalid") === "true" && element === document.activeElement)),
    "ASN: a wrong number is told at its field");
    await page.getByLabel("AS number").fill(String(ASN));
    await page.getByLabel(/^AS-SETs/).fill("AS-BIRCH");
    await button(page, "Register").click();
    await heading(page, `AS${ASN}`).waitFor();
    await upload_rdap(page, operator, browser);
    await page.getByText("This step is done").waitFor();
    check(true, "ASN: the page hears by itself that it is verified");
}

/* The ROA that the page asks for appears, and nobody touches the page. */
async function prove(page, way) {
    await page.locator("summary", { hasText: "ROA in the RPKI" }).click();
    const wanted = await page.locator("pre", { hasText: "maxLength" }).innerText();
    equal(wanted, `prefix ${way.prefix}, maxLength ${way.prefix.split("/")[1]}, origin AS${ASN}`,
        `${way.name}: the page says which ROA is wanted`);
    const row = page.getByRole("row").filter({ hasText: "ROA in the RPKI" });
    await row.getByText("There is no ROA for this prefix and origin.").waitFor();
    await ask("publish", { prefix: way.prefix, asn: ASN });
    await page.getByText("Proved: it is yours").waitFor();
    await row.locator(".badge", { hasText: "Valid" }).waitFor();
    check(true, `${way.name}: the ROA appears, and the page says by itself that it is proved`);
}

async function add_prefix(page, browser, way) {
    const field = page.getByRole("textbox", { name: "Prefix", exact: true });
    await open(page, browser, "/prefixes/new");
    await field.fill(way.long);
    await button(page, "Add and check").click();
    check(await until(() => field.evaluate((element) =>
        element.getAttribute("aria-invalid") === "true")),
    `${way.name}: a prefix that is too long is told at its field`);
    await field.fill(way.prefix);
    await button(page, "Add and check").click();
    await heading(page, way.prefix).waitFor();
    const path = new URL(page.url()).hash.slice(1);
    await page.locator("summary", { hasText: "TXT record" }).click();
    const record = await page.locator("pre", { hasText: "IN TXT" }).innerText();
    check(/^_causeway\.[0-9a-f.]+(in-addr|ip6)\.arpa\. IN TXT "causeway-validation=\S+"$/
        .test(record), `${way.name}: the TXT record is ready to be copied`, record);
    await page.locator("summary", { hasText: "Message signed" }).click();
    await button(page, "Show the message to sign").click();
    await page.locator("pre", { hasText: `causeway|1|` }).waitFor();
    check(true, `${way.name}: the message to sign is shown with the commands`);
    await prove(page, way);
    return path;
}

async function create_session(page, browser, way) {
    await open(page, browser, "/sessions/new");
    for (const name of ["IPv4", "IPv6"]) {
        await page.getByLabel(name, { exact: true }).setChecked(name === way.name);
    }
    await button(page, "Create the session").click();
    await page.getByText("It is shown only now").waitFor();
    const key = await page.locator(".snippet", { hasText: "MD5 password" }).locator("pre")
        .innerText();
    const title = await page.locator("main h1").innerText();
    const configuration = await page.locator(".snippet", { hasText: "BIRD 2" }).locator("pre")
        .innerText();
    check(configuration.includes(key) && configuration.includes(way.prefix),
        `${way.name}: the configuration has the key and the prefix`, configuration);
    const address = title.split(" at ")[1];
    check(await ask("start", { family: way.family, address, asn: ASN, configuration }),
        `${way.name}: a BIRD with it comes up`);
    await page.getByText("Established").first().waitFor();
    check(true, `${way.name}: the page shows the session up`);
    const path = new URL(page.url()).hash.slice(1);
    await open(page, browser, path);
    equal(await page.getByText(key).count(), 0, `${way.name}: the key is not shown again`);
    return path;
}

async function announce(page, browser, way, prefix_path, session_path) {
    await open(page, browser, session_path);
    const refused = page.getByRole("table", { name: "Refused routes" });
    await refused.waitFor();
    const text = await refused.innerText();
    check(text.includes(way.prefix) && /unauthorised/.test(text) && /What to do:/.test(text),
        `${way.name}: not announced yet, its route is refused, with why and what to do`, text);
    await open(page, browser, prefix_path);
    await button(page, "Announce for a test").click();
    await is_in_state(page, "Announced for a test");
    check(await until(async () => (await ask("routes", { prefix: way.prefix })
        .catch(() => "")).includes(way.prefix)), `${way.name}: for a test, the server takes it`);
    equal(await heard(way), null, `${way.name}: and the other member's FRR does not hear it`);
    await button(page, "Announce").click();
    await is_in_state(page, "Announced");
    const route = await until(() => heard(way));
    equal(route?.path, [ASN], `${way.name}: announced, it is in the other member's FRR`);
    await button(page, "Announce for a test").click();
    check(await until(async () => await heard(way) === null),
        `${way.name}: back to the test, FRR loses it`);
    await button(page, "Announce").click();
    check(await until(() => heard(way)), `${way.name}: and announced again, FRR has it again`);
}

async function leave(page, browser, way, path) {
    await open(page, browser, path);
    await button(page, "Drain").click();
    await is_in_state(page, "Draining");
    check(await until(async () => (await heard(way))?.communities.includes(GRACEFUL_SHUTDOWN)),
        `${way.name}: draining, FRR is told to prefer another way`);
    await button(page, "Withdraw").click();
    await confirm(page, "Withdraw");
    await is_in_state(page, "Withdrawn");
    check(await until(async () => await heard(way) === null),
        `${way.name}: withdrawn, FRR has it no more`);
    check(await ask("is_up", { family: way.family }), `${way.name}: and the session stays up`);
    await button(page, "Release").click();
    await confirm(page, "Release");
    await is_in_state(page, "Released");
    await button(page, "Delete").click();
    await confirm(page, "Delete");
    await heading(page, "Prefixes").waitFor();
}

/* Sessions, ASN; then the customer is as at the beginning, and the operator can let it go. */
async function leave_nothing(page, operator, browser) {
    for (const way of WAYS) {
        await open(page, browser, way.session);
        await button(page, "Delete").click();
        await confirm(page, "Delete");
        await heading(page, "Sessions").waitFor();
    }
    check(await until(async () => !await ask("is_up", { family: 4 }) &&
        !await ask("is_up", { family: 6 })), "deleted, the sessions end");
    await open(page, browser, "/asns");
    await page.getByRole("link", { name: `AS${ASN}` }).click();
    await button(page, "Delete").click();
    await confirm(page, "Delete");
    await page.getByText("No ASN is registered yet.").waitFor();
    await open(page, browser, "/");
    await page.getByRole("link", { name: "Register your ASN" }).waitFor();
    check(true, "with all deleted, the overview begins at the first step again");
    await let_go(operator, browser);
    await page.getByLabel("Access token").waitFor();
    check(true, "who is let go has to sign in, and is told so");
    equal(await ask("left"), { tenants: 0, asns: 0, prefixes: 0, sessions: 0, evidence: 0 },
        "nothing of the customer is left in the registry");
}

async function let_go(operator, browser) {
    for (const [path, what] of [["/tokens", "Birch's laptop"], ["/tenants", "Birch Hosting"]]) {
        await open(operator, browser, path);
        await operator.getByRole("link", { name: what }).click();
        await heading(operator, what).waitFor();
        await operator.getByRole("button", { name: /^Delete this/ }).click();
        await confirm(operator, "Delete");
        await heading(operator, path === "/tokens" ? "Tokens" : "Tenants").waitFor();
    }
}

/* From page to page, as a person goes: nothing that the page keeps is lost. */
async function turn_to(page, path, name) {
    await page.evaluate((hash) => {
        location.hash = hash;
    }, `#${path}`);
    await heading(page, name).waitFor();
}

async function read_no_list_twice(page, browser) {
    const seen = [];
    page.on("response", (response) => {
        if (response.url().includes("/api/v1/prefixes?")) {
            seen.push([response.status(), response.request().headers()["if-none-match"] ?? ""]);
        }
    });
    const rows = () => page.getByRole("row").allInnerTexts();
    await open(page, browser, "/prefixes");
    const first = await rows();
    await turn_to(page, "/asns", "ASNs");
    await turn_to(page, "/prefixes", "Prefixes");
    check(await until(() => seen.some(([status, tag]) => status === 304 && tag)),
        "lists: what has not changed is not read again", JSON.stringify(seen));
    equal(await rows(), first, "lists: and is shown as it was");
    seen.length = 0;
    const status = await page.evaluate(async (path) => (await fetch(`/api/v1${path}`, {
        method: "PATCH", body: JSON.stringify({ description: "Another word" }),
        headers: { Authorization: `Bearer ${sessionStorage.getItem("causeway.token")}`,
            "Content-Type": "application/merge-patch+json" },
    })).status, WAYS[0].path);
    equal(status, 200, "lists: a prefix is changed");
    await page.getByRole("cell", { name: "Another word" }).waitFor();
    check(await until(() => seen.some(([answer, tag]) => answer === 200 && tag)),
        "lists: what has changed is read and shown by itself", JSON.stringify(seen));
}

main("portal", async (browser) => {
    const page = await browser.window();
    const operator = await browser.window({ token: process.env.OPERATOR });
    const phone = await browser.window({ width: 360, scheme: "dark", token: process.env.TOKEN });
    const paths = [["/", "overview"], ["/asns/new", "asn-new"], ["/prefixes/new", "prefix-new"],
        ["/sessions/new", "session-new"], ["/history", "history"]];
    await sign_in(page, browser);
    await register_asn(page, operator, browser);
    for (const way of WAYS) {
        way.path = await add_prefix(page, browser, way);
        way.session = await create_session(page, browser, way);
        await announce(page, browser, way, way.path, way.session);
    }
    await read_no_list_twice(page, browser);
    await open(phone, browser, "/asns");
    await audit_pages(browser, [page, phone], [...paths, [WAYS[0].path, "prefix"],
        [WAYS[0].session, "session"]]);
    for (const way of WAYS) {
        await leave(page, browser, way, way.path);
    }
    await leave_nothing(page, operator, browser);
});
