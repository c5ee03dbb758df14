/* The Tab key, and what has the focus. */
import { check } from "./harness.mjs";

const STOPS_MAX = 60;

/* In the page: the name and the look of what has the focus. */
function focus_now() {
    const element = document.activeElement;
    const label = element.labels?.[0] ??
        document.getElementById(element.getAttribute("aria-labelledby"));
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const name = element.getAttribute("aria-label") ?? (label ?? element).textContent;
    return { name: name.trim().replace(/\s+/g, " "), tag: element.tagName,
        has_ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
}

export async function seen_focus(page) {
    return page.evaluate(focus_now);
}

/* Press Tab until what is called `name` has the focus.  A stop that cannot be seen, or none at all
 * within a page's worth of them, fails. */
export async function press_to(page, name) {
    for (let i = 0; i < STOPS_MAX; i++) {
        await page.keyboard.press("Tab");
        const found = await seen_focus(page);
        /* A new page's heading has it by the page's doing, not by the key's. */
        if (!["BODY", "H1"].includes(found.tag) && !found.has_ring) {
            check(false, `keyboard: the focus is to be seen at "${found.name}"`,
                JSON.stringify(found));
        }
        if (found.name === name) {
            return;
        }
    }
    throw new Error(`the Tab key does not lead to "${name}"`);
}
