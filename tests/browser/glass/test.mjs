/* What glass/run checks in the browser. */
import { audit, audit_contrast, audit_width } from "../lib/audit.mjs";
import { ask, check, equal, main, until } from "../lib/harness.mjs";

const BIRD = "198.18.1.1";
const BIRCH = "198.18.1.2";
const INVALID = "203.0.113.0/24";
const MARKUP = "<b>Birch</b> & <img src=x>";
const PAGES = [["/", "overview"], ["/members", "members"], [`/members/${BIRD}`, "member"],
    ["/search?prefix=203.0.112.0/24", "search"],
    [`/explain?prefix=${INVALID}&from=${BIRD}`, "explain-from"],
    [`/explain?prefix=203.0.112.0/24&to=${BIRCH}`, "explain-to"], ["/sources", "sources"]];

const causeway = (...words) => ask("causeway", { words });
const number = (text) => Number(text.replaceAll(",", ""));

async function open(page, browser, path) {
    await page.goto("about:blank");
    await page.goto(`${browser.base}/#${path}`);
    await page.locator("main h1").waitFor();
}

/* The texts of the columns `titles` of the table with this caption, row by row. */
async function cells(page, caption, titles) {
    const table = page.getByRole("table", { name: caption, exact: true });
    await table.waitFor();
    return table.evaluate((element, wanted) => [...element.tBodies[0].rows].map((row) =>
        wanted.map((title) => [...row.cells].find((cell) => cell.dataset.label === title)
            .innerText.trim())), titles);
}

async function overview(page, browser) {
    await open(page, browser, "/");
    const status = await causeway("status");
    await page.getByRole("heading", { level: 1, name: `AS${status.rs_as}` }).waitFor();
    const value = (name) => page.locator(".figure", { hasText: name }).locator(".value")
        .innerText();
    equal([await value("Sessions up"), await value("IPv4 prefixes"), await value("IPv6 prefixes")],
        [`${status.sessions.established} of ${status.sessions.configured}`,
            String(status.routes.ipv4.prefixes), String(status.routes.ipv6.prefixes)],
        "overview: sessions and prefixes as `causeway status` has them");
    await page.locator(".figure", { hasText: `version ${status.version}` }).waitFor();
    const label = () => page.locator(".chart").first().locator("svg[role=img]")
        .getAttribute("aria-label");
    check(await until(async () => (await label()).includes(
        `IPv4: now ${status.routes.ipv4.paths}`)), "overview: the chart says its numbers in words",
    await label());
}

async function members(page, browser) {
    await open(page, browser, "/members");
    const shown = await cells(page, "Members and their routes",
        ["Address", "AS", "Name", "State", "Received", "Accepted", "Filtered", "Sent to it"]);
    const rows = (await causeway("neighbors")).map((row) => [row.address, row.asn,
        row.description, row.state, row.received, row.accepted, row.filtered, row.exported]);
    const order = (row) => (row[0].includes(":") ? "6" : "4") + row[0];
    rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
    equal(shown.map(([address, asn, name, state, ...numbers]) => [address, number(asn), name,
        state.split("\n").at(-1), ...numbers.map(number)]), rows,
    "members: the table says what `causeway neighbors` says");
    check(shown.some((row) => row[2] === MARKUP), "members: a name that is markup stays text",
        JSON.stringify(shown));
    await page.getByRole("searchbox", { name: "Filter" }).fill("64502");
    equal((await cells(page, "Members and their routes", ["AS"])).length, 2,
        "members: the filter leaves the two that contain its words");
    await page.getByRole("searchbox", { name: "Filter" }).fill("");
    await page.getByRole("button", { name: "Accepted" }).click();
    await page.getByRole("button", { name: "Accepted" }).click();
    const sorted = (await cells(page, "Members and their routes", ["Accepted"])).flat().map(number);
    equal(sorted, [...sorted].sort((a, b) => b - a), "members: sorted by a heading, downwards");
    equal(await page.getByRole("columnheader", { name: "Accepted" }).getAttribute("aria-sort"),
        "descending", "members: the heading says how it is sorted");
}

async function member(page, browser) {
    await open(page, browser, `/members/${BIRD}`);
    const [row] = await causeway("routes", "--from", BIRD, "--filtered");
    const [[prefix, why]] = await cells(page, "Routes: filtered", ["Prefix", "Why refused"]);
    equal(prefix, row.prefix, "member: the refused route is listed");
    const has = (text) => why.toLowerCase().includes(String(text).toLowerCase());
    check([row.rejected, row.remedy, row.reject_reason, row.reject_code].every(has),
        "member: with the reason in words, what to do, and the code", why);
    for (const [tab, caption, flag] of [["Accepted", "Routes: accepted", "--from"],
        ["Sent to it", "Routes: exported", "--to"]]) {
        await page.getByRole("link", { name: new RegExp(`^${tab} \\(`) }).click();
        const shown = await cells(page, caption, ["Prefix", "AS path"]);
        const rows = await causeway("routes", flag, BIRD);
        equal(shown.sort(), rows.map((one) => [one.prefix, one.as_path]).sort(),
            `member: ${tab.toLowerCase()} as \`causeway routes ${flag}\` has it`);
    }
}

async function search(page, browser) {
    await open(page, browser, "/search");
    const field = page.getByRole("textbox", { name: "Prefix or address" });
    for (const [match, flags] of [["exact", []], ["longer", ["--longer"]],
        ["covering", ["--covering"]]]) {
        const prefix = match === "longer" ? "203.0.112.0/23" : "203.0.112.0/24";
        await field.fill(prefix);
        await page.getByLabel("Show").selectOption(match);
        await page.keyboard.press("Enter");
        await page.waitForURL((url) => url.hash.includes(`match=${match}`));
        const rows = await causeway("routes", prefix, ...flags);
        const wanted = rows.map((row) => [row.prefix, row.from]).sort();
        const found = await until(async () => {
            const shown = (await cells(page, "Accepted routes", ["Prefix", "From"]))
                .map(([one, from]) => [one, from.split("\n")[0]]).sort();
            return JSON.stringify(shown) === JSON.stringify(wanted) && shown;
        });
        equal(found, wanted, `search: ${match} finds what \`causeway routes\` finds`);
    }
    await field.fill("192.0.2.0/33x");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("This is not a prefix.").first().waitFor();
    check(await field.evaluate((element) => element === document.activeElement &&
        element.getAttribute("aria-invalid") === "true"),
    "search: what is no prefix is told at the field, which has the focus");
    await field.fill("192.0.2.0/24");
    await page.getByLabel("Show").selectOption("exact");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Nobody has an accepted route like this.").waitFor();
    check(true, "search: nothing found is said");
}

async function explain(page, browser) {
    await open(page, browser, "/explain");
    await page.getByRole("textbox", { name: "Prefix" }).fill(INVALID);
    await page.getByRole("combobox", { name: "Member" }).selectOption(BIRD);
    await page.getByRole("button", { name: "Explain" }).click();
    const from = await causeway("explain", INVALID, "--from", BIRD);
    const words = { pass: "passes", fail: "fails", warn: "fails, only warned of",
        skipped: "skipped", off: "not in use" };
    const checks = await cells(page, "Checks of this route", ["Check", "Result", "Setting"]);
    equal(checks.map(([name, result, key]) => [name, result.split("\n").at(-1), key]),
        from.candidates[0].checks.map((one) => [one.check.replaceAll("_", " "),
            words[one.verdict], one.key]), "explain from: every check, as `causeway` says");
    const says = (text) => page.getByText(text.slice(1, 60)).first().waitFor();
    await says(from.result.text ?? from.result);
    await open(page, browser, `/explain?prefix=203.0.112.0/24&to=${BIRCH}`);
    const to = await causeway("explain", "203.0.112.0/24", "--to", BIRCH);
    const shown = await cells(page, "Candidates for this prefix", ["Rank", "From", "Why"]);
    equal(shown.map(([rank, who, why]) => [Number(rank), who.split("\n")[0],
        why.split(".")[0].toLowerCase()]),
    to.candidates.map((one) => [one.rank, one.from, one.fate.toLowerCase()]),
    "explain to: every candidate and its fate, as `causeway` says");
    await says(to.result.text ?? to.result);
}

/* An operator switches a member off: the page says so by itself, and nothing is lost of what the
 * reader does meanwhile. */
async function live(page, browser) {
    await open(page, browser, "/members");
    check(await until(async () => await page.locator("#live").innerText() === "Live"),
        "live: the page listens to events");
    const filter = page.getByRole("searchbox", { name: "Filter" });
    await filter.fill("198.18");
    await page.getByRole("link", { name: BIRCH, exact: true }).focus();
    const began = Date.now();
    await ask("command", { words: ["neighbor", BIRCH, "disable", "--reason", "for the page"] });
    const row = page.getByRole("row").filter({ hasText: BIRCH });
    await row.getByText("Disabled").waitFor();
    check(Date.now() - began < 9000, "live: a member that is switched off is shown within 9 s, " +
        "earlier than the page would read again by itself",
        `${Date.now() - began} ms`);
    equal(await page.evaluate(() => document.activeElement.textContent), BIRCH,
        "live: the focus stays where it was");
    equal(await filter.inputValue(), "198.18", "live: what was typed stays");
    await page.getByRole("link", { name: BIRCH, exact: true }).click();
    await page.getByText("for the page", { exact: true }).waitFor();
    check(true, "live: the member's page gives the operator's reason");
    await ask("command", { words: ["neighbor", BIRCH, "enable"] });
}

/* From the address bar on without a mouse. */
async function keyboard(page, browser) {
    await open(page, browser, "/");
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim()
        .replace(/\s+/g, " "));
    await page.keyboard.press("Tab");
    equal(await focused(), "Skip to the content", "keyboard: the first stop skips to the content");
    const ring = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    });
    check(ring, "keyboard: the focus is to be seen");
    await page.keyboard.press("Enter");
    equal(await page.evaluate(() => document.activeElement.id), "main",
        "keyboard: it goes to the content");
    await open(page, browser, "/");
    const seen = [];
    for (let i = 0; i < 4; i++) {
        await page.keyboard.press("Tab");
        seen.push(await focused());
    }
    equal(seen.slice(2), ["Overview", "Members"], "keyboard: then the sections, in order");
    await page.keyboard.press("Enter");
    await page.getByRole("table", { name: "Members and their routes" }).waitFor();
    equal(await focused(), "Members", "keyboard: a new page begins at its heading");
    await page.keyboard.press("Tab");
    await page.keyboard.type("64502");
    equal((await cells(page, "Members and their routes", ["AS"])).length, 2,
        "keyboard: one filters");
    for (let i = 0; i < 12 && !(await focused()).startsWith("198.18"); i++) {
        await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "AS64502" }).waitFor();
    check((await focused()).includes("AS64502"), "keyboard: and opens a member's page");
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Members" }).waitFor();
    check(true, "keyboard: the way back leads back");
}

async function policy(page, browser) {
    const answer = await page.request.get(`${browser.base}/`);
    const header = answer.headers()["content-security-policy"] ?? "";
    check(["default-src 'none'", "script-src 'self'", "style-src 'self'",
        "frame-ancestors 'none'"].every((one) => header.includes(one)) &&
        !header.includes("unsafe"), "policy: the header is strict", header);
    const error = await page.evaluate(() => {
        try {
            document.createElement("p").innerHTML = "<b>x</b>";
            return "";
        } catch (problem) {
            return problem.name;
        }
    });
    equal(error, "TypeError", "policy: nothing can be parsed as markup by script");
}

/* Without a token: numbers and best routes, not what is between a member and the server. */
async function guest(page, browser) {
    await open(page, browser, "/members");
    const shown = await cells(page, "Members and their routes", ["Address", "Filtered"]);
    const rows = (await causeway("neighbors")).map((row) => [row.address, String(row.filtered)]);
    equal(shown.sort(), rows.sort(), "guest: the numbers of all members are public");
    await open(page, browser, `/members/${BIRD}`);
    await page.getByText("No refused route to be seen.").waitFor();
    equal(await page.getByText(INVALID).count(), 0, "guest: no refused route is shown");
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("Access token").fill("cwy_nobody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("This token is not known").waitFor();
    await page.getByLabel("Access token").fill(process.env.TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 2, name: "Workers" }).waitFor();
    check(true, "guest: a wrong token is refused at the field, a good one shows more");
    equal(await page.evaluate(() => [document.cookie, localStorage.length]), ["", 0],
        "guest: the token is in no cookie and not kept beyond the tab");
}

main("glass", async (browser) => {
    const page = await browser.window({ token: process.env.TOKEN });
    await overview(page, browser);
    await members(page, browser);
    await member(page, browser);
    await search(page, browser);
    await explain(page, browser);
    await live(page, browser);
    await keyboard(page, browser);
    await guest(await browser.window(), browser);
    const phone = await browser.window({ width: 360, scheme: "dark", token: process.env.TOKEN });
    for (const [path, name] of PAGES) {
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
    const other = await browser.window();
    await open(other, browser, "/");
    /* What is tried here is a violation on purpose: it is not this window's page that complains. */
    const complaints = browser.complaints.length;
    await policy(other, browser);
    browser.complaints.length = complaints;
});
