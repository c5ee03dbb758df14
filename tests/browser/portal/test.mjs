/* What portal/run checks in the browser. */
import { audit, audit_contrast, audit_width } from "../lib/audit.mjs";
import { ask, check, equal, main, until } from "../lib/harness.mjs";

const ASN = 64502;
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

/* The operator's word stands for what no machine can prove in a lab. */
async function approve(operator, browser, path, name) {
    await open(operator, browser, path);
    await heading(operator, name).waitFor();
    await button(operator, "Approve").click();
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
    await approve(operator, browser, new URL(page.url()).hash.slice(1), `AS${ASN}`);
    await page.getByText("This step is done").waitFor();
    check(true, "ASN: the page hears by itself that it is verified");
}

async function add_prefix(page, operator, browser, way) {
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
    await approve(operator, browser, path, way.prefix);
    await page.getByText("Proved: it is yours").waitFor();
    check(true, `${way.name}: the page hears by itself that the prefix is proved`);
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
    await button(page, "Announce").click();
    await page.locator("h1 + .badge", { hasText: "Announced" }).waitFor();
    const is_in = await until(async () => (await ask("routes", { prefix: way.prefix })
        .catch(() => "")).includes(way.prefix));
    check(is_in, `${way.name}: announced, and the server has its route`);
}

async function leave(page, browser, way, path) {
    await open(page, browser, path);
    for (const [name, state] of [["Drain", "Draining"], ["Withdraw", "Withdrawn"],
        ["Release", "Released"]]) {
        await button(page, name).click();
        const dialog = page.getByRole("dialog");
        if (name !== "Drain") {
            await dialog.getByRole("button", { name }).click();
        }
        await page.locator("h1 + .badge", { hasText: state }).waitFor();
    }
    check(true, `${way.name}: drained, withdrawn, released`);
}

async function audits(page, phone, browser, paths) {
    for (const [path, name] of paths) {
        await open(page, browser, path);
        await page.waitForTimeout(300);
        await audit(page, name);
        await audit_contrast(page, name);
        await browser.shot(page, name);
        await open(phone, browser, path);
        await phone.waitForTimeout(300);
        await audit_width(phone, name);
        await browser.shot(phone, `${name}-phone`);
    }
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
        way.path = await add_prefix(page, operator, browser, way);
        way.session = await create_session(page, browser, way);
        await announce(page, browser, way, way.path, way.session);
    }
    await audits(page, phone, browser, [...paths, [WAYS[0].path, "prefix"],
        [WAYS[0].session, "session"]]);
    for (const way of WAYS) {
        await leave(page, browser, way, way.path);
    }
    for (const path of ["/tenants", "/letters", "/sites", "/tokens"]) {
        await open(operator, browser, path);
        await audit(operator, `operator ${path}`);
        await browser.shot(operator, `operator-${path.slice(1)}`);
    }
});
