/* Whether a page can be used by everybody: names, headings, landmarks, contrast, width. */
import { check, equal } from "./harness.mjs";

const NAMED = ["button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio",
    "spinbutton", "listbox", "meter", "img", "table", "dialog", "region", "navigation", "form",
    "Date", "DateTime", "group"];
/* Browsers make these of parts of controls, and of what has no need of a name. */
const UNNAMED_FINE = ["group"];

async function tree_of(page) {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    await session.detach();
    return nodes.filter((node) => !node.ignored).map((node) => ({
        role: node.role?.value, name: node.name?.value ?? "",
        level: node.properties?.find((one) => one.name === "level")?.value?.value,
    }));
}

function names_missing(nodes) {
    return nodes.filter((node) => NAMED.includes(node.role) &&
        !UNNAMED_FINE.includes(node.role) && !node.name.trim()).map((node) => node.role);
}

function headings_wrong(nodes) {
    const levels = nodes.filter((node) => node.role === "heading").map((node) => node.level);
    const jumps = levels.filter((level, i) => i > 0 && level > levels[i - 1] + 1);
    const tops = levels.filter((level) => level === 1).length;
    return [...tops === 1 ? [] : [`${tops} headings of level 1`],
        ...levels[0] === 1 ? [] : [`the first has level ${levels[0]}`],
        ...jumps.map((level) => `a level is left out before ${level}`)];
}

function landmarks_missing(nodes) {
    return ["banner", "main", "navigation", "contentinfo"].filter((role) =>
        !nodes.some((node) => node.role === role));
}

/* In the page: WCAG 2.2's contrast of everything that is shown as text (1.4.3: 4.5, large text 3)
 * and of the edges of controls (1.4.11: 3). */
function contrasts() {
    const parse = (text) => {
        const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
        return { r, g, b, a };
    };
    const over = (top, below) => ({
        r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
        b: top.b * top.a + below.b * (1 - top.a), a: 1,
    });
    const light = ({ r, g, b }) => {
        const [x, y, z] = [r, g, b].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92
            : ((part / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const ratio = (a, b) => {
        const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
        return (high + 0.05) / (low + 0.05);
    };
    const ground_of = (element) => {
        const chain = [];
        for (let one = element; one; one = one.parentElement) {
            chain.push(parse(getComputedStyle(one).backgroundColor));
        }
        return chain.reverse().reduce((below, top) => over(top, below),
            { r: 255, g: 255, b: 255, a: 1 });
    };
    const is_shown = (element) => element.checkVisibility?.({ checkVisibilityCSS: true }) &&
        element.getBoundingClientRect().width > 1 && !element.closest(".off-screen");
    const found = [];
    const look = (element, color, needed, what) => {
        const ground = ground_of(element);
        const value = ratio(over(parse(color), ground), ground);
        if (value < needed) {
            found.push(`${what} ${value.toFixed(2)}: ${element.tagName} ${element.className} ` +
                `"${(element.textContent ?? "").slice(0, 30)}"`);
        }
    };
    for (const element of document.body.querySelectorAll("*")) {
        const has_text = [...element.childNodes].some((node) =>
            node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (!is_shown(element)) {
            continue;
        }
        const style = getComputedStyle(element);
        if (has_text && element.tagName !== "OPTION") {
            const size = parseFloat(style.fontSize);
            const is_large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            const color = element instanceof SVGElement ? style.fill : style.color;
            look(element, color, is_large ? 3 : 4.5, "text");
        }
        if (element.matches("input:not([type=checkbox], [type=radio]), select, textarea")) {
            const value = ratio(over(parse(style.borderTopColor), ground_of(element)),
                ground_of(element.parentElement));
            if (value < 3) {
                found.push(`edge ${value.toFixed(2)}: ${element.name || element.id}`);
            }
        }
    }
    return found.slice(0, 8);
}

export async function audit(page, what) {
    const nodes = await tree_of(page);
    equal(names_missing(nodes), [], `${what}: every control has a name`);
    equal([...headings_wrong(nodes), ...landmarks_missing(nodes)], [],
        `${what}: headings are in order, landmarks are there`);
}

export async function audit_contrast(page, what) {
    for (const scheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        equal(await page.evaluate(contrasts), [], `${what}: contrast suffices, ${scheme}`);
    }
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "no-preference" });
}

export async function audit_width(page, what) {
    const over = await page.evaluate(() => {
        const wide = [...document.body.querySelectorAll("*")].filter((element) =>
            element.getBoundingClientRect().right > innerWidth + 0.5 && !element.closest("pre"));
        return { by: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            what: wide.slice(0, 3).map((element) => `${element.tagName}.${element.className}`) };
    });
    const cut = await page.evaluate(() => [...document.querySelectorAll(".table-frame")]
        .filter((frame) => frame.scrollWidth > frame.clientWidth + 1)
        .flatMap((frame) => [...frame.querySelectorAll("*")].filter((one) =>
            one.getBoundingClientRect().right > frame.getBoundingClientRect().right + 1)
            .map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`)).slice(0, 3));
    equal(cut, [], `${what}: no table is cut off at ${page.viewportSize().width} px`);
    check(over.by <= 0, `${what}: nothing is wider than ${page.viewportSize().width} px`,
        JSON.stringify(over));
}

/* Another page in the window, as a link leads to it. */
async function visit(page, path) {
    await page.evaluate((to) => {
        document.getElementById("main").replaceChildren();
        location.hash = to;
    }, path);
    await page.locator("main h1").waitFor();
    await page.waitForTimeout(300);
}

/* Look at [path, name] pages in a wide window and in narrow ones; all have a page open already, and
 * a picture is taken of each. */
export async function audit_pages(browser, [wide, ...narrow], pages) {
    for (const [path, name] of pages) {
        await Promise.all([wide, ...narrow].map((page) => visit(page, path)));
        await Promise.all([(async () => {
            await audit(wide, name);
            await audit_contrast(wide, name);
            await browser.shot(wide, name);
        })(), ...narrow.map(async (page) => {
            await audit_width(page, name);
            await browser.shot(page, `${name}-${page.viewportSize().width}`);
        })]);
    }
}
