/* What every browser test needs: Chromium, its complaints, checks that are counted, and a line to
 * the program that runs the lab. */
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const PATIENCE_MS = 40000;

let passed = 0;
let failed = 0;
let asked = 0;
const waiting = new Map();

export function check(is_true, what, detail = "") {
    process.stdout.write(`${is_true ? "pass" : "FAIL"}  ${what}\n`);
    if (!is_true && detail) {
        process.stdout.write(`      ${String(detail).replaceAll("\n", "\n      ")}\n`);
    }
    passed += is_true ? 1 : 0;
    failed += is_true ? 0 : 1;
}

export function equal(found, expected, what) {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    check(a === b, what, `found    ${a}\nexpected ${b}`);
}

/* Ask the lab to do something: one line of JSON there, one back. */
export function ask(what, parameters = {}) {
    asked++;
    process.stdout.write(`@${JSON.stringify({ id: asked, what, ...parameters })}\n`);
    return new Promise((resolve, reject) => waiting.set(asked, { resolve, reject }));
}

createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, answer, error } = JSON.parse(line);
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    return error ? reject(new Error(error)) : resolve(answer);
}).on("close", () => process.exit(1));

/* Poll until `is_true` gives something true; that, or null when it never does. */
export async function until(is_true, ms = PATIENCE_MS) {
    const end = Date.now() + ms;
    for (;;) {
        const found = await is_true();
        if (found || Date.now() > end) {
            return found || null;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

/* A browser with everything that it complains of. */
export class Browser {
    constructor(name, base) {
        this.name = name;
        this.base = base;
        this.complaints = [];
        this.folder = `${process.env.SHOTS}/${name}`;
        mkdirSync(this.folder, { recursive: true });
    }

    async open() {
        this.chromium = await chromium.launch({
            executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
            args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        });
    }

    /* A window of its own: nothing is shared with the others, as for another person. */
    async window({ width = 1280, scheme = "light", token = null, ...more } = {}) {
        const context = await this.chromium.newContext({
            viewport: { width, height: 900 }, colorScheme: scheme, acceptDownloads: true, ...more,
        });
        if (token) {
            await context.addInitScript((text) => {
                if (location.protocol !== "about:") { /* Which has no storage. */
                    sessionStorage.setItem("causeway.token", text);
                }
            }, token);
        }
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        this.watch(page);
        return page;
    }

    /* An answer of 400 or more to what a test does wrong on purpose is logged by Chromium, too;
     * everything else that it logs as an error is one. */
    watch(page) {
        const complain = (text) => this.complaints.push(`${page.url()}: ${text}`);
        page.on("console", (message) => {
            const is_answer = message.text().startsWith("Failed to load resource");
            if (["error", "warning"].includes(message.type()) && !is_answer) {
                complain(message.text());
            }
        });
        page.on("pageerror", (error) => complain(error.stack));
        page.on("request", (request) => {
            const url = request.url();
            if (!url.startsWith(this.base) && !url.startsWith("blob:")) {
                complain(`asks ${url}`);
            }
        });
        page.on("response", (response) => {
            if (response.status() >= 500) {
                complain(`${response.status()} for ${response.url()}`);
            }
        });
    }

    async shot(page, name) {
        await page.screenshot({ path: `${this.folder}/${name}.png`, fullPage: true });
    }

    async close() {
        await this.chromium.close();
        equal(this.complaints, [], "no error, no violation of the content security policy, " +
            "no foreign resource");
    }
}

/* Run the test; whatever happens, the sum is the last line. */
export async function main(name, test) {
    const browser = new Browser(name, process.env.BASE);
    try {
        await browser.open();
        await test(browser);
    } catch (error) {
        check(false, "the test came to its end", error.stack);
        await Promise.all(browser.chromium?.contexts().flatMap((context) => context.pages())
            .map((page, i) => browser.shot(page, `failed-${i}`).catch(() => {})) ?? []);
    }
    await browser.close().catch((error) => check(false, "the browser closes", error.stack));
    process.stdout.write(`${name}: ${passed} passed, ${failed} failed\n`);
    process.exit(passed > 0 && failed === 0 ? 0 : 1);
}
