/* What desk/run checks in the browser. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { audit_pages } from "../lib/audit.mjs";
import { ask, check, equal, main, until } from "../lib/harness.mjs";
import { press_to, seen_focus } from "../lib/keyboard.mjs";

const ASN = 64510;
const PREFIX = "2001:db8:1234:5678:9abc::/80";
const LONG = "Bärenstein Rechenzentrumsbetriebsgesellschaft mbH & Co. KG";
const ROUTERS = ["BIRD 2", "BIRD 3", "FRR", "OpenBGPD", "GoBGP", "Cisco IOS-XE", "Cisco IOS-XR",
    "Juniper Junos", "Arista EOS", "MikroTik RouterOS"];

const heading = (page, name) => page.getByRole("heading", { level: 1, name });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const path_of = (page) => new URL(page.url()).hash.slice(1);

async function open(page, browser, path) {
    await page.goto("about:blank");
    await page.goto(`${browser.base}/portal/#${path}`);
    await page.locator("main h1").waitFor();
}

async function confirm(page, name) {
    await page.getByRole("dialog").getByRole("button", { name }).click();
}

/* Fill a page's form in, by its labels. */
async function make(page, browser, path, fields, submit) {
    await open(page, browser, path);
    for (const [label, value] of Object.entries(fields)) {
        const field = page.getByLabel(label, { exact: true });
        if (typeof value === "boolean") {
            await field.setChecked(value);
        } else if (await field.evaluate((element) => element.tagName) === "SELECT") {
            await field.selectOption({ label: value });
        } else {
            await field.fill(value);
        }
    }
    await button(page, submit).click();
}

/* 1. */

async function operator_makes(page, browser) {
    await make(page, browser, "/sites/new", { "Name": "ams1", "Description": "Amsterdam",
        "IPv4 pool": "198.18.3.0/24", "IPv6 pool": "2001:db8:0:1:3::/80",
        "The server's IPv4 address": "198.18.0.1", "The server's IPv6 address": "2001:db8:0:1::1",
    }, "Make a site");
    await heading(page, "ams1").waitFor();
    await make(page, browser, "/templates/new", { "Name": "careful",
        "Authentication": "TCP-AO key (RFC 5925)", "TTL security (RFC 5082)": true }, "Make a template");
    await heading(page, "careful").waitFor();
    await make(page, browser, "/tenants/new", { "Name": LONG, "Contact": "noc@birch.example",
        "Quota: Prefixes": "-1" }, "Make a tenant");
    check(await until(async () => await page.getByLabel("Quota: Prefixes").getAttribute(
        "aria-invalid") === "true"), "operator: a wrong quota is told at its field");
    await page.getByLabel("Quota: Prefixes").fill("1");
    await button(page, "Make a tenant").click();
    await heading(page, LONG).waitFor();
    const tenant = path_of(page).split("/")[2];
    await make(page, browser, "/tokens/new", { "Name": "laptop", "Role": "customer",
        "Tenant": LONG }, "Make a token");
    await page.getByText("It is shown only now").waitFor();
    const secret = await page.locator(".snippet", { hasText: "Token" }).locator("pre").innerText();
    check(/^cwy_\w+/.test(secret), "operator: site, template, tenant and token are made", secret);
    await button(page, "I have it").click();
    await page.getByText("It is shown only now").waitFor({ state: "detached" });
    await open(page, browser, path_of(page));
    equal(await page.getByText(secret).count(), 0, "operator: the token is shown once");
    await open(page, browser, "/tokens");
    await page.getByRole("row").filter({ hasText: "laptop" }).filter({ hasText: LONG }).waitFor();
    check(true, "operator: the list says whose token it is");
    return { tenant, secret };
}

/* 2. */

async function empty_pages(page, browser) {
    for (const [path, text] of [["/asns", "No ASN is registered yet."],
        ["/prefixes", "No prefix yet."], ["/sessions", "No session yet."]]) {
        await open(page, browser, path);
        await page.getByText(text).waitFor();
    }
    check(true, "customer: pages without anything say so");
}

/* From the token to the announcement without a mouse; each stop of the Tab key is to be seen. */
async function keyboard_way(page, browser, secret) {
    const keys = page.keyboard;
    await page.goto(`${browser.base}/portal/`);
    await page.getByLabel("Access token").waitFor();
    await press_to(page, "Access token");
    await keys.type(secret);
    await keys.press("Enter");
    await heading(page, LONG).waitFor();
    await empty_pages(page, browser);
    await open(page, browser, "/");
    await press_to(page, "Register your ASN");
    await keys.press("Enter");
    await press_to(page, "AS number");
    await keys.type(String(ASN));
    await keys.press("Enter");
    await heading(page, `AS${ASN}`).waitFor();
    const asn = path_of(page);
    await ask("approve", { path: asn });
    await page.getByRole("link", { name: "Go on: add a prefix" }).waitFor();
    await press_to(page, "Go on: add a prefix");
    await keys.press("Enter");
    await press_to(page, "Prefix");
    await keys.type(PREFIX.replace("/80", "/48"));
    await keys.press("Enter");
    await page.locator("[aria-invalid=true]").waitFor();
    check((await seen_focus(page)).name === "Prefix",
        "keyboard: what is wrong has the focus", JSON.stringify(await seen_focus(page)));
    await keys.press("Control+A");
    await keys.type("2001:db8:1234::/48");
    await keys.press("Enter");
    await heading(page, "2001:db8:1234::/48").waitFor();
    return { asn, prefix: path_of(page) };
}

async function keyboard_session(page, browser, prefix) {
    const keys = page.keyboard;
    await ask("approve", { path: prefix });
    await page.getByRole("link", { name: "create one" }).waitFor();
    await press_to(page, "create one");
    await keys.press("Enter");
    await press_to(page, "IPv4");
    await keys.press("Space");
    await press_to(page, "IPv6");
    await keys.press("Space");
    await press_to(page, "Authentication");
    await keys.type("TCP-AO");
    await press_to(page, "Create the session");
    await keys.press("Enter");
    await page.getByText("It is shown only now").waitFor();
    const session = path_of(page);
    await page.goBack();
    await heading(page, "Create a session").waitFor();
    await page.goBack();
    await heading(page, "2001:db8:1234::/48").waitFor();
    await press_to(page, "Announce");
    await keys.press("Enter");
    await page.locator("h1 + .badge", { hasText: /Announced$/ }).waitFor();
    equal((await seen_focus(page)).name, "Announce",
        "keyboard: from the token to the announcement, and the focus is where it was");
    return session;
}

const key_of = (page) => page.locator(".snippet", { hasText: "TCP-AO key" }).locator("pre")
    .innerText();

async function keys_of_session(page, browser, session) {
    await page.goto(`${browser.base}/portal/#${session}`);
    await page.getByText("It is shown only now").waitFor();
    const first = await key_of(page);
    await button(page, "I have it").click();
    await page.getByText("It is shown only now").waitFor({ state: "detached" });
    equal((await seen_focus(page)).tag, "H1",
        "keyboard: when what had the focus is gone, it is at the heading");
    await button(page, "Make a new key").click();
    await page.getByText("It is shown only now").waitFor();
    const second = await key_of(page);
    check(first.length >= 20 && second.length >= 20 && first !== second,
        "TCP-AO: a key, and another one in its place", `${first} ${second}`);
    await page.getByText("The key before is taken until").waitFor();
    equal((await seen_focus(page)).name, "Copy", "TCP-AO: the focus is at the new key");
    await router_texts(page);
    await open(page, browser, session);
    equal(await page.getByText(second).count(), 0, "TCP-AO: and it is not shown again");
}

async function router_texts(page) {
    const found = [];
    for (const name of ROUTERS) {
        await page.getByRole("combobox", { name: "Router" }).selectOption({ label: name });
        const snippet = page.locator(".snippet").filter({ hasText: name });
        await snippet.waitFor();
        const text = await snippet.locator("pre").innerText();
        await snippet.getByRole("button").click();
        const is_copied = await until(async () => await page.evaluate(() =>
            navigator.clipboard.readText().then((copied) => copied.trim())) === text.trim());
        if (is_copied && text.includes("2001:db8:0:1::1")) {
            found.push(name);
        }
    }
    equal(found, ROUTERS, "routers: the text of every make names the server, and is copied whole");
}

/* 3. */

async function letter(page, operator, browser, prefix) {
    await open(page, browser, prefix);
    await page.locator("summary", { hasText: "Letter of authorisation" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"),
        button(page, "Download the letter").click()]);
    const pdf = readFileSync(await download.path());
    equal(pdf.subarray(0, 5).toString(), "%PDF-", "letter: what is downloaded is a PDF");
    const part = page.locator("details", { hasText: "Signed letter (PDF)" });
    await button(part, "Upload").click();
    await part.getByText("Choose a file first.").waitFor();
    const upload = async (buffer) => {
        await page.getByLabel("Signed letter (PDF)").setInputFiles({ name: "signed.pdf",
            mimeType: "application/pdf", buffer });
        await button(part, "Upload").click();
    };
    await upload(Buffer.from("no PDF at all"));
    await part.locator(".notice.bad").waitFor();
    check(true, "letter: what is no PDF is refused where it was given",
        await part.locator(".notice.bad").innerText());
    await upload(pdf);
    await part.getByText("Taken.").waitFor();
    await open(operator, browser, "/letters");
    const waiting = operator.locator("section.card", { hasText: "Letter of authorisation" });
    const [document] = await Promise.all([operator.waitForEvent("download"),
        button(waiting, "Open the document").click()]);
    check(readFileSync(await document.path()).equals(pdf), "letter: the operator opens the same");
    await waiting.getByLabel("Why it is rejected").fill("The signature is missing");
    await button(waiting, "Reject").click();
    await operator.getByText("Nothing is waiting for you.").waitFor();
    await page.getByRole("row").filter({ hasText: "The signature is missing" }).waitFor();
    check(true, "letter: rejected, and the customer's page gives the reason by itself");
    await upload(pdf);
    await button(waiting, "Approve").click();
    await page.locator("summary", { hasText: "Letter of authorisation" })
        .locator(".badge", { hasText: "Valid" }).waitFor();
    check(true, "letter: given again and approved, the check is valid");
}

/* As the page says it: a key, the certificate in the remarks, the message signed. */
async function signature(page, browser, prefix) {
    await open(page, browser, prefix);
    await page.locator("summary", { hasText: "Message signed" }).click();
    await button(page, "Show the message to sign").click();
    const commands = await page.locator("pre", { hasText: "causeway|1|" }).innerText();
    const make = await page.locator("pre", { hasText: "openssl req" }).innerText();
    const folder = process.env.HOME;
    const run = (text) => execFileSync("sh", ["-ec", text], { cwd: folder, stdio: "pipe" });
    run(make.replace("rsa:3072", "rsa:2048"));
    run(commands);
    const read = (name) => readFileSync(`${folder}/${name}`, "utf8");
    const give = async (text) => {
        await page.getByLabel("Certificate (causeway.crt)").fill(read("causeway.crt"));
        await page.getByLabel("Signature (message.sig.txt)").fill(text);
        await button(page, "Check the signature").click();
    };
    const row = page.getByRole("row").filter({ hasText: "Message signed with a certificate" });
    await give(Buffer.alloc(256, 7).toString("base64"));
    await until(async () => /does not|Invalid/i.test(await row.innerText()) ||
        await page.locator("details .notice.bad").count());
    check(!/Valid$/m.test(await row.innerText()), "signature: a wrong one proves nothing",
        await row.innerText());
    await give(read("message.sig.txt"));
    check(await until(async () => /With the operator|Valid/.test(await row.innerText())),
        "signature: made with the page's commands, it is taken", await row.innerText());
}

/* 4. */

async function conflicts(page, operator, browser, { tenant, asn }) {
    const other = await browser.window({ token: process.env.OPERATOR });
    await open(page, browser, asn);
    await open(other, browser, asn);
    const field = (it) => it.getByRole("textbox", { name: "AS-SETs" });
    await field(other).fill("AS-THEIRS");
    await button(other, "Save").click();
    await until(async () => await other.locator("#said").innerText() === "Saved.");
    await field(other).fill("AS-THEIRS AS-MORE");
    await button(other, "Save").click();
    await until(async () => !(await other.locator(".form-top").innerText()));
    equal(await other.locator(".form-top").innerText(), "", "412: one's own changes are no conflict");
    await field(page).fill("AS-MINE");
    await button(page, "Save").click();
    await page.getByText("Somebody else has changed “AS-SETs” meanwhile.").waitFor();
    check(await page.getByText("Press Save again").isVisible(), "412: who comes second is told so");
    await button(page, "Save").click();
    await page.locator(".form-top .notice").waitFor({ state: "detached" });
    await open(other, browser, asn);
    equal(await field(other).inputValue(), "AS-MINE", "412: and may put its own in its place");
    await other.context().close();
    await make(page, browser, "/prefixes/new", { "Prefix": "2001:db8:5678::/48" },
        "Add and check");
    await page.locator(".form-top .notice", { hasText: "quota" }).waitFor();
    check(true, "409: a quota that is used up is told above the form");
    await open(operator, browser, `/tenants/${tenant}`);
    await button(operator, "Delete this tenant").click();
    await confirm(operator, "Delete");
    await operator.locator(".notice.bad", { hasText: "Code: in-use" }).waitFor();
    check(true, "409: what is in use is not deleted, and the page says why");
}

async function undo(page, browser) {
    await make(page, browser, "/templates/new", { Name: "mistake" }, "Make a template");
    await heading(page, "mistake").waitFor();
    await open(page, browser, "/history");
    const change = page.locator(".change", { hasText: "made template mistake" });
    await change.getByText("1 object").click();
    await change.getByText("template").last().waitFor();
    await change.getByRole("button", { name: /^Undo/ }).click();
    await confirm(page, "Undo");
    await page.locator(".change", { hasText: ", undoes " }).waitFor();
    await open(page, browser, "/templates");
    await page.getByRole("link", { name: "careful" }).waitFor();
    equal(await page.getByRole("link", { name: "mistake" }).count(), 0,
        "undo: what was made is gone, and the log says what was undone");
}

/* 5. */

async function away_and_back(page, browser, prefix) {
    await open(page, browser, prefix);
    await until(async () => await page.locator("#live").innerText() === "Live");
    await ask("stop");
    await page.locator("#trouble", { hasText: "The server does not answer." })
        .waitFor({ timeout: 60000 });
    check(await page.getByRole("table").first().isVisible(),
        "away: the page stays, and says that it is old");
    await page.goto(`${browser.base}/portal/#/asns`);
    await heading(page, "This did not work").waitFor();
    await ask("launch");
    await heading(page, "ASNs").waitFor({ timeout: 60000 });
    check(await until(async () => await page.locator("#live").innerText() === "Live" &&
        !await page.locator("#trouble .notice").count(), 40000),
    "back: the page reads again by itself, and is live");
}

async function token_ends(browser, tenant, prefix) {
    const secret = await ask("brief_token", { tenant, seconds: 8 });
    const page = await browser.window({ token: secret });
    await open(page, browser, prefix);
    await page.getByLabel("Access token").waitFor({ timeout: 60000 });
    const alert = await page.getByRole("main").getByRole("alert").first().innerText();
    check(/expired|token/.test(alert), "a token that ends: the page asks for another, and says why",
        alert);
    equal(await page.locator("#sections").innerText(), "", "and shows nothing more");
    await page.context().close();
}

/* 6. */

async function many_rows(page, browser) {
    const count = await ask("import_many");
    await open(page, browser, "/prefixes");
    await page.getByText(`${(count + 1).toLocaleString("en")} prefixes`).waitFor();
    const rows = () => page.getByRole("row").count();
    equal(await rows(), 201, "many: the first 200 of thousands are shown");
    await page.getByRole("searchbox", { name: "Filter" }).fill("198.29.7.0");
    await page.getByText(`1 of ${(count + 1).toLocaleString("en")}`).waitFor();
    equal(await rows(), 2, "many: the filter looks at all of them");
    await page.getByRole("searchbox", { name: "Filter" }).fill("");
    await page.getByRole("button", { name: /^Show more/ }).click();
    await until(async () => await rows() === 401);
    equal(await rows(), 401, "many: more are shown when asked for");
}

main("desk", async (browser) => {
    const operator = await browser.window({ token: process.env.OPERATOR });
    const { tenant, secret } = await operator_makes(operator, browser);
    const page = await browser.window();
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const { asn, prefix } = await keyboard_way(page, browser, secret);
    const session = await keyboard_session(page, browser, prefix);
    await keys_of_session(page, browser, session);
    await letter(page, operator, browser, prefix);
    await signature(page, browser, prefix);
    await conflicts(page, operator, browser, { tenant, asn });
    await undo(operator, browser);
    const phone = await browser.window({ width: 360, scheme: "dark", token: process.env.OPERATOR });
    const tablet = await browser.window({ width: 768, token: process.env.OPERATOR });
    const windows = [operator, tablet, phone];
    await Promise.all(windows.map((one) => open(one, browser, "/letters")));
    const pages = [["/tenants", "tenants"],
        ["/tenants/new", "tenant-new"], [`/tenants/${tenant}`, "tenant"],
        [`/tenants/${tenant}/overview`, "tenant-overview"], ["/sites", "sites"],
        ["/sites/new", "site-new"], ["/templates", "templates"], ["/templates/new", "template-new"],
        ["/tokens", "tokens"], ["/tokens/new", "token-new"], ["/letters", "letters"],
        ["/history", "history"], ["/prefixes", "prefixes"], ["/sessions", "sessions"],
        ["/asns", "asns"], [prefix, "prefix"], [session, "session"], [asn, "asn"]];
    await Promise.all([audit_pages(browser, windows, pages), token_ends(browser, tenant, prefix)]);
    await many_rows(operator, browser);
    await away_and_back(page, browser, prefix);
});
