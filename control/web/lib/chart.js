/* Small line charts as inline SVG.
 *
 * What the lines show is said in words as well, as the image's name.  Lines differ by dash and by
 * the sign in the legend, not by colour alone. */
import { h, svg } from "./dom.js";
import * as format from "./format.js";

const WIDTH = 560;
const HEIGHT = 150;
const LEFT = 46;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 22;

/* A round number at or above the highest value, for the upper end of the axis. */
export function ceiling(value) {
    if (value <= 4) {
        return 4;
    }
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 4, 5, 8, 10].map((step) => step * power).find((step) => step >= value);
}

function points_of(samples, read, scale) {
    return samples.map((sample) => {
        const value = read(sample);
        return value === null ? null : `${scale.x(sample.at)},${scale.y(value)}`;
    }).filter((point) => point !== null).join(" ");
}

function axis(scale) {
    return [0, 0.5, 1].map((share) => {
        const y = scale.y(scale.top * share);
        return [svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }),
            svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" },
                format.compact(scale.top * share))];
    });
}

function summary(title, samples, lines) {
    const said = lines.map((line) => {
        const values = samples.map(line.read).filter((value) => value !== null);
        return values.length === 0 ? `${line.name}: no values yet`
            : `${line.name}: now ${format.count(values.at(-1))}, lowest ` +
              `${format.count(Math.min(...values))}, highest ${format.count(Math.max(...values))}`;
    });
    return `${title}. ${said.join("; ")}.`;
}

/* `samples`: [{at (ms), …}] in order; `lines`: [{name, read(sample) → number or null}], at most
 * three.  Nothing moves when values come: the frame is there from the beginning. */
export function chart(title, samples, lines) {
    const values = samples.flatMap((sample) => lines.map((line) => line.read(sample)))
        .filter((value) => value !== null);
    const begin = samples[0]?.at ?? 0;
    const end = Math.max(samples.at(-1)?.at ?? 0, begin + 1);
    const top = ceiling(Math.max(0, ...values));
    const scale = {
        top,
        x: (at) => (LEFT + (at - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)).toFixed(1),
        y: (value) => Number((HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)).toFixed(1)),
    };
    const span_s = Math.round((end - begin) / 1000);
    return h("figure", { class: "chart" },
        h("figcaption", {}, h("span", { class: "chart-title" }, title),
            h("span", { class: "legend" }, lines.map((line, i) => h("span", {},
                svg("svg", { class: "key", viewBox: "0 0 24 8", "aria-hidden": "true" },
                    svg("line", { class: `line line-${i}`, x1: 0, x2: 24, y1: 4, y2: 4 })),
                `${line.name} `,
                h("b", {}, format.count(samples.length ? line.read(samples.at(-1)) : null)))))),
        svg("svg", {
            viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
            "aria-label": summary(title, samples, lines),
        }, axis(scale), lines.map((line, i) => svg("polyline", {
            class: `line line-${i}`, points: points_of(samples, line.read, scale),
        })), svg("text", { x: LEFT, y: HEIGHT - 5 },
            samples.length < 2 ? "collecting …" : `${format.duration(span_s)} ago`),
        svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 5, "text-anchor": "end" }, "now")));
}

/* Samples over time, kept while the page is open: half an hour at one in 5 s. */
export class History {
    constructor(max = 360) {
        this.max = max;
        this.samples = [];
    }

    add(sample) {
        this.samples.push(sample);
        if (this.samples.length > this.max) {
            this.samples.shift();
        }
    }

    /* How fast a counter grows, a second; null for the first sample and after a restart. */
    rate(read) {
        return (sample) => {
            const at = this.samples.indexOf(sample);
            if (at < 1) {
                return null;
            }
            const before = this.samples[at - 1];
            const grown = read(sample) - read(before);
            const seconds = (sample.at - before.at) / 1000;
            return grown < 0 || seconds <= 0 ? null : Math.round(grown / seconds * 10) / 10;
        };
    }
}
