"use strict";
/* Draws the charts and the selected architecture, and shows the page in Chinese on request. Every
   text from the run is set with textContent, never parsed as markup. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const svgNames = new Set(["svg", "g", "line", "path", "rect", "circle", "text", "title"]);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  /* Lengths in charts grow with the text size of the page. */
  const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;

  /* A text of the page in its language; values stand for names in braces. */
  let chinese = false;
  const t = (text, values = {}) => (chinese ? data.chinese[text] ?? text : text).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const titled = (title) => title.replace(/^(.*?)( \(.*\))?$/, (_, noun, unit = "") => t(noun) + unit);

  function make(name, attributes = {}, ...children) {
    const node = svgNames.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  /* Round tick values: 1, 2 or 5 times a power of ten; for things that are counted, whole ones. */
  function ticks(low, high, count, whole = false) {
    const raw = Math.max((high - low) / count, whole ? 1 : 0);
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
      found.push([k * step, (k * step).toFixed(Math.min(decimals, 8))]);
    }
    return found;
  }

  /* Axes in a host element; returns the drawing, the part of it inside the frame, which hides what
     lies outside, and the maps from values to pixels. */
  function axes(host, view, xTitle, yTitle, height, whole = false) {
    const u = rem(), width = Math.max(host.clientWidth, 230);
    height *= u;
    const frame = { left: 56 * u, right: width - 14 * u, top: 24 * u, bottom: height - 46 * u };
    const x = (value) => frame.left + ((value - view[0]) / (view[1] - view[0])) * (frame.right - frame.left);
    const y = (value) => frame.bottom - ((value - view[2]) / (view[3] - view[2])) * (frame.bottom - frame.top);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": t("{y} over {x}", { y: yTitle, x: xTitle }) });
    for (const [value, label] of ticks(view[0], view[1], clamp(width / (72 * u), 3, 9), whole)) {
      svg.append(make("line", { class: "grid", x1: x(value), x2: x(value), y1: frame.top, y2: frame.bottom }));
      svg.append(make("text", { x: x(value), y: frame.bottom + 17 * u, "text-anchor": "middle" }, label));
    }
    for (const [value, label] of ticks(view[2], view[3], 7)) {
      svg.append(make("line", { class: "grid", x1: frame.left, x2: frame.right, y1: y(value), y2: y(value) }));
      svg.append(make("text", { x: frame.left - 8 * u, y: y(value) + 4 * u, "text-anchor": "end" }, label));
    }
    svg.append(make("text", { x: (frame.left + frame.right) / 2, y: height - 8 * u, "text-anchor": "middle" }, xTitle));
    svg.append(make("text", { x: 4, y: 13 * u }, yTitle));
    const w = frame.right - frame.left, h = frame.bottom - frame.top;
    const inner = make("svg", { x: frame.left, y: frame.top, width: w, height: h, viewBox: `${frame.left} ${frame.top} ${w} ${h}` });
    svg.append(inner);
    host.replaceChildren(svg);
    return { svg, inner, frame, x, y, width, u };
  }

  const tip = byId("tip");
  function showTip(lines, box) {
    tip.replaceChildren(make("b", {}, lines[0]), ...lines.slice(1).map((line) => make("div", {}, line)));
    tip.hidden = false;
    tip.style.left = `${clamp(box.left + 14, 8, Math.max(8, innerWidth - tip.offsetWidth - 8))}px`;
    const above = box.top - tip.offsetHeight - 8;
    tip.style.top = `${above > 8 ? above : box.bottom + 10}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  /* ---- the front ---- */
  const chart = byId("front-chart");
  let axis = data.axes[0]; // the cost on the chart's x axis
  let view = axis.windows.front.slice(); // left, right, bottom, top, as on the axes
  let selected = -1;

  /* Where widths were searched, what was scored has a colour for each trunk. */
  const shade = (trunk) => `hsl(${Math.round(265 - (225 * trunk) / Math.max(1, data.trunks.length - 1))} 62% var(--tone))`;
  function drawTrunks() {
    const legend = byId("trunks");
    legend.hidden = data.trunks.length < 2;
    legend.replaceChildren(t("Scored, by widths:"), ...data.trunks.map((words, trunk) => {
      const item = make("span", { class: "trunk" }, words);
      item.style.setProperty("--trunk", shade(trunk));
      return item;
    }));
  }

  const costOf = (each, number) => (each.noun === "latency" ? each.cost_texts[number] : t(`{cost} ${each.noun}`, { cost: each.cost_texts[number] }));
  const summary = (member) => [t("Architecture {number}", { number: member.number }), `${t(data.accuracy_title)} ${member.accuracy_text}`, ...data.axes.map((each) => costOf(each, member.number)), member.summary];
  const higher = (title) => t("{title} (higher is better)", { title: t(title) });

  const diamond = (left, top, r) => `M${left},${top - r}L${left + r},${top}L${left},${top + r}L${left - r},${top}Z`;
  const kind = (byHand) => (byHand ? t("hand pick, trained alone") : t("searched, trained alone"));

  /* What the marks in the chart mean, as far as they occur. */
  function drawMarks() {
    const small = (...nodes) => make("svg", { viewBox: "0 0 18 12", "aria-hidden": "true" }, ...nodes);
    const point = (name) => make("g", { class: name }, make("circle", { cx: 9, cy: 6, r: 4.5 }));
    const entries = [[point("point"), t("member of the front")]];
    if (axis.steps.length < data.members.length) entries.push([point("point aside"), t("a cheaper one is as accurate")]);
    if (axis.evaluated.length && data.trunks.length < 2) entries.push([make("g", {}, make("circle", { class: "seen", cx: 5, cy: 6, r: 2.5, opacity: 0.72 }), make("circle", { class: "seen", cx: 13, cy: 6, r: 2.5 })), t("scored in the search, later ones darker")]);
    for (const byHand of [true, false]) {
      if (axis.trained.some((one) => one[4] === byHand)) entries.push([make("path", { class: byHand ? "trained" : "trained searched", d: diamond(9, 6, 5) }), kind(byHand)]);
    }
    if (axis.budget !== null) entries.push([make("line", { class: "budget", x1: 0, x2: 18, y1: 6, y2: 6 }), t("budget")]);
    const list = byId("marks");
    list.classList.add("chart");
    list.replaceChildren(...entries.map(([mark, words]) => make("li", {}, small(mark), words)));
    list.hidden = false;
  }

  function drawFront() {
    const narrow = chart.clientWidth / rem() < 420;
    const plot = axes(chart, view, titled(axis.title), (narrow ? t : higher)(data.accuracy_title), clamp((chart.clientWidth / rem()) * 0.6, 300, 430));
    const { svg, inner, frame, x, y, u } = plot;
    const place = (cost, accuracy) => [x(cost / axis.scale), y(accuracy)];
    const inside = ([left, top]) => left >= frame.left - 1 && left <= frame.right + 1 && top >= frame.top - 1 && top <= frame.bottom + 1;
    const several = data.trunks.length > 1;
    const newest = Math.max(1, ...axis.evaluated.map((row) => row[2]));
    for (const [cost, accuracy, generation, trunk] of axis.evaluated) {
      const at = place(cost, accuracy);
      if (!inside(at)) continue;
      const dot = make("circle", { class: "seen", cx: at[0], cy: at[1], r: (several ? 2.8 : 2.3) * u, opacity: 0.72 + (0.28 * generation) / newest });
      if (several) dot.style.fill = shade(trunk);
      inner.append(dot);
    }
    if (axis.budget !== null) {
      const limit = place(axis.budget, 0)[0];
      inner.append(make("line", { class: "budget", x1: limit, x2: limit, y1: frame.top, y2: frame.bottom }));
      const words = narrow ? axis.budget_text : t("budget {cost}", { cost: axis.budget_text });
      svg.append(make("text", { class: "budget-text", x: frame.right, y: 13 * u, "text-anchor": "end" }, words));
    }

    const dots = data.members.map((member, number) => place(axis.costs[number], member.accuracy));
    const path = axis.steps.map((number, k) => (k ? `H${dots[number][0]}V${dots[number][1]}` : `M${dots[number]}`)).join("");
    inner.append(make("path", { class: "step", d: path }));

    const labels = [], marks = axis.trained.map((one) => place(one[0], one[1]));
    const named = !axis.windows.front.every((edge, k) => edge === view[k]); // there members have the room
    const numbers = dots.map(([left, top], number) => inside([left, top]) && freePlace(left, top, 7.5 * u * String(number).length, [...dots, ...marks], labels, u));
    for (const [cost, mean, half, name, byHand, how] of axis.trained) {
      const [left, top] = place(cost, mean);
      const side = byHand ? "" : " searched";
      const called = t(name), accuracy = mean.toFixed(4) + (half ? ` ± ${half.toFixed(4)}` : "");
      const words = t("{name}: {accuracy}, trained alone for {epochs} epochs, seeds: {seeds}, on {images}", { name: called, accuracy, ...how });
      const mark = make("g", { role: "img", "aria-label": words }, make("title", {}, words));
      if (half) mark.append(make("line", { class: `interval${side}`, x1: left, x2: left, y1: y(mean - half), y2: y(mean + half) }));
      mark.append(make("path", { class: `trained${side}`, d: diamond(left, top, 5.5 * u) }));
      inner.append(mark);
      if (!named || !inside([left, top])) continue;
      const long = 6.2 * u * [...called].reduce((sum, one) => sum + (one > "\u2e80" ? 1.8 : 1), 0);
      const label = freePlace(left, top, long, [...dots, ...marks], labels, u, [[0, -13], [0, 15], [-9 - long / u / 2, 0], [9 + long / u / 2, 0], [0, -26], [0, 28]], frame);
      if (label) inner.append(make("text", { class: "name", x: label[0], y: label[1] + 4 * u, "text-anchor": "middle" }, called));
    }

    data.members.forEach((member, number) => {
      const [left, top] = dots[number];
      if (!inside(dots[number])) return;
      const label = numbers[number];
      const kind = axis.steps.includes(number) ? "point" : "point aside"; // aside: there for another cost
      const point = make("g", { class: kind, "data-number": number, role: "button", "aria-label": summary(member).join(", ") },
        make("circle", { class: "dot", cx: left, cy: top, r: 5 * u }),
        label && make("text", { x: label[0], y: label[1] + 4 * u, "text-anchor": "middle" }, String(number)));
      point.addEventListener("focus", () => showTip(summary(member), point.getBoundingClientRect()));
      point.addEventListener("blur", hideTip);
      svg.append(point);
    });
    listen(plot, dots);
    drawMarks();
    mark();
  }

  /* A free place for a text beside its point, or null: it then shows on hover only. */
  const AROUND = [[-8, -11], [0, -14], [-14, 0], [9, 12], [0, 16], [14, 0], [-16, -20], [0, -26], [14, 22], [0, 28]];
  function freePlace(left, top, width, dots, labels, u, places = AROUND, frame = null) {
    for (const [dx, dy] of places) {
      const at = [left + dx * u, top + dy * u];
      if (frame && (at[0] - width / 2 < frame.left || at[0] + width / 2 > frame.right || at[1] - 7 * u < frame.top || at[1] + 7 * u > frame.bottom)) continue;
      const apart = (other, room) => Math.abs(other[0] - at[0]) > room || Math.abs(other[1] - at[1]) > 10 * u;
      if (dots.every((dot) => apart(dot, width / 2 + 5 * u)) && labels.every((label) => apart(label, (label[2] + width) / 2))) {
        labels.push([...at, width]);
        return at;
      }
    }
    return null;
  }

  /* Hover and click find the nearest point; a mouse can drag a box to zoom. */
  function listen({ svg, frame, x, y }, dots) {
    let from = null, box = null, dragged = false;
    const at = (event) => {
      const bounds = svg.getBoundingClientRect();
      return [event.clientX - bounds.left, event.clientY - bounds.top];
    };
    const nearest = ([left, top]) => {
      let found = -1, least = 24;
      dots.forEach((dot, number) => {
        const distance = Math.hypot(dot[0] - left, dot[1] - top);
        if (distance < least && svg.querySelector(`[data-number="${number}"]`)) [found, least] = [number, distance];
      });
      return found;
    };
    svg.addEventListener("pointerdown", (event) => {
      dragged = false;
      if (event.pointerType === "mouse" && event.button === 0) from = at(event);
    });
    svg.addEventListener("pointermove", (event) => {
      const here = at(event);
      if (from && Math.hypot(here[0] - from[0], here[1] - from[1]) > 6) {
        if (!box) {
          svg.append((box = make("rect", { class: "box" })));
          svg.setPointerCapture(event.pointerId);
        }
        dragged = true;
        hideTip();
        const edge = boxEdges(from, here);
        for (const [key, value] of Object.entries({ x: edge[0], y: edge[2], width: edge[1] - edge[0], height: edge[3] - edge[2] })) box.setAttribute(key, value);
        return;
      }
      const number = nearest(here);
      svg.style.cursor = number >= 0 ? "pointer" : "crosshair";
      if (number < 0) hideTip();
      else showTip(summary(data.members[number]), svg.querySelector(`[data-number="${number}"]`).getBoundingClientRect());
    });
    const boxEdges = (a, b) => [
      clamp(Math.min(a[0], b[0]), frame.left, frame.right), clamp(Math.max(a[0], b[0]), frame.left, frame.right),
      clamp(Math.min(a[1], b[1]), frame.top, frame.bottom), clamp(Math.max(a[1], b[1]), frame.top, frame.bottom)];
    svg.addEventListener("pointerup", (event) => {
      if (box) {
        const edge = boxEdges(from, at(event));
        if (edge[1] - edge[0] > 8 && edge[3] - edge[2] > 8) {
          const across = (pixel) => view[0] + ((pixel - frame.left) / (frame.right - frame.left)) * (view[1] - view[0]);
          const up = (pixel) => view[2] + ((frame.bottom - pixel) / (frame.bottom - frame.top)) * (view[3] - view[2]);
          show([across(edge[0]), across(edge[1]), up(edge[3]), up(edge[2])]);
        } else {
          box.remove();
        }
      }
      from = box = null;
    });
    svg.addEventListener("pointercancel", () => { box?.remove(); from = box = null; });
    svg.addEventListener("pointerleave", () => { if (!box) hideTip(); });
    svg.addEventListener("click", (event) => {
      const number = dragged ? -1 : nearest(at(event));
      if (number >= 0) select(number);
    });
    svg.addEventListener("dblclick", () => show(axis.windows.front));
  }

  function show(wanted) {
    // Past 1e-6 of the full range the axes would run out of digits.
    const all = axis.windows.all;
    if (wanted[1] - wanted[0] < (all[1] - all[0]) * 1e-6 || wanted[3] - wanted[2] < (all[3] - all[2]) * 1e-6) return;
    view = wanted.slice();
    hideTip();
    drawFront();
    for (const button of document.querySelectorAll("[data-view]")) {
      const wanted = axis.windows[button.dataset.view];
      button.hidden = !wanted;
      button.setAttribute("aria-pressed", String(wanted?.every((edge, k) => edge === view[k]) ?? false));
    }
  }

  function zoom(factor) {
    const [left, right, bottom, top] = view;
    const [atX, atY] = data.members[selected] ? [axis.costs[selected] / axis.scale, data.members[selected].accuracy] : [left, bottom];
    const seen = atX >= left && atX <= right && atY >= bottom && atY <= top; // closer to the selected point, if it is there
    const x = factor < 1 && seen ? atX : (left + right) / 2, y = factor < 1 && seen ? atY : (bottom + top) / 2;
    const w = ((right - left) * factor) / 2, h = ((top - bottom) * factor) / 2;
    show([x - w, x + w, y - h, y + h]);
  }

  /* ---- one architecture ---- */
  function select(number, { scroll = false, remember = true } = {}) {
    if (!data.members[number]) return;
    selected = number;
    mark();
    drawMember(data.members[number]);
    byId("said").textContent = summary(data.members[number]).slice(0, 3).join(", ");
    if (remember) history.replaceState(null, "", `#${number}`);
    if (scroll) byId("selected").scrollIntoView({ block: "start" });
  }

  function mark() {
    for (const point of chart.querySelectorAll(".point")) {
      const on = Number(point.dataset.number) === selected;
      point.classList.toggle("on", on);
      point.setAttribute("tabindex", on ? "0" : "-1");
    }
    for (const row of document.querySelectorAll("#front-table tbody tr")) {
      const on = Number(row.dataset.number) === selected;
      row.classList.toggle("on", on);
      if (on) reveal(row);
      if (on) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  /* Scroll the table, and never the page, so that a row shows. */
  function reveal(row) {
    const list = row.closest(".scroll");
    const head = row.closest("table").tHead.offsetHeight;
    const top = row.offsetTop; // within .scroll, which is positioned
    if (top - head < list.scrollTop) list.scrollTop = top - head;
    else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + row.offsetHeight - list.clientHeight;
  }

  const colour = (family) => (family === "skip" ? "var(--line)" : `var(--f${data.families.indexOf(family) % 8})`);

  function drawMember(member) {
    const host = byId("selected");
    const stats = make("ul", { class: "stats" });
    for (const [name, value] of member.stats) stats.append(make("li", {}, make("span", {}, `${t(name)} `), value));
    const files = make("p", { class: "hint" }, t("Files in results/: "), make("code", {}, member.files[0]), ", ", make("code", {}, member.files[1]));
    const next = ["retrain", "export"].map((verb) => command(`nasea ${verb} --arch ${member.number}`));
    const more = data.unfinished ? [] : [files, make("div", { class: "commands" }, ...next)];
    host.replaceChildren(make("h2", {}, t("Architecture {number}", { number: member.number })), stats, ...more, chain(member), legend(member), layerTable(member));
    host.hidden = false;
  }

  const command = (text) => copyable(make("pre", { class: "command", tabindex: "0" }, make("code", {}, text)));

  /* A command with a button that copies it. */
  function copyable(host) {
    const code = host.querySelector("code");
    const button = make("button", { type: "button", "aria-label": `${t("Copy")}: ${code.textContent}` }, t("Copy"));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = byId("said").textContent = t("Copied");
        setTimeout(() => { button.textContent = t("Copy"); }, 1500);
      } catch { // not allowed: selected, it can be copied by hand
        getSelection().selectAllChildren(code);
      }
    });
    host.querySelector("button")?.remove();
    host.append(button);
    return host;
  }

  /* A name that may break after its underscores. */
  const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, make("wbr")]);

  function chain(member) {
    const list = make("ol", { class: "chain", "aria-label": t("The network as a chain of blocks") }, make("li", { class: "end" }, make("b", {}, "PreNet")));
    for (const layer of member.layers) {
      const item = make("li", { class: layer.family === "skip" ? "skip" : "" },
        make("b", {}, ...breakable(layer.block)),
        make("span", {}, t("{from} → {to} channels", { from: layer.c_in, to: layer.c_out })),
        make("span", {}, layer.stride > 1 ? make("i", { class: "down", title: `stride ${layer.stride}` }, "↓" + layer.stride) : "", `${layer.out_height} × ${layer.out_width}`));
      item.style.setProperty("--family", colour(layer.family));
      list.append(item);
    }
    list.append(make("li", { class: "end" }, make("b", {}, "PostNet")));
    return list;
  }

  function legend(member) {
    const list = make("ul", { class: "legend" });
    for (const family of new Set(member.layers.map((layer) => layer.family))) {
      const item = make("li", {}, make("i"), family);
      item.style.setProperty("--family", colour(family));
      list.append(item);
    }
    if (member.layers.some((layer) => layer.stride > 1)) list.append(make("li", {}, t("↓2 halves the resolution")));
    return list;
  }

  function layerTable(member) {
    const head = make("tr", {}, make("th", { scope: "col" }, t("layer")), make("th", { scope: "col", class: "name" }, t("block")),
      ...["channels", "stride", "output"].map((title) => make("th", { scope: "col", class: "geometry" }, t(title))),
      ...data.columns.map((title) => make("th", { scope: "col" }, titled(title))));
    const share = (part) => {
      const bar = make("i", { class: "share", "aria-hidden": "true" });
      bar.style.setProperty("--part", `${(100 * clamp(part, 0, 1)).toFixed(1)}%`);
      return bar;
    };
    const costs = (cells) => cells.map(([text, part]) => make("td", {}, text, part === null ? "" : share(part)));
    const geometry = (...texts) => texts.map((text) => make("td", { class: "geometry" }, text));
    const rows = member.layers.map((layer) => make("tr", {},
      make("td", {}, String(layer.index)), make("td", { class: "name" }, layer.block),
      ...geometry(`${layer.c_in} → ${layer.c_out}`, String(layer.stride), `${layer.out_height} × ${layer.out_width}`), ...costs(layer.costs)));
    if (member.ends) rows.push(make("tr", { class: "ends" }, make("td"), make("td", { class: "name" }, t("PreNet and PostNet")), ...geometry("", "", ""), ...costs(member.ends)));
    const total = make("tr", {}, make("td"), make("td", { class: "name" }, t("whole network")), ...geometry("", "", ""), ...costs(member.total));
    return make("div", { class: "scroll", tabindex: "0" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows), make("tfoot", {}, total)));
  }

  /* ---- curves: hypervolume by generation, loss by epoch ---- */
  function drawCurve(host, values, xTitle, yTitle, words) {
    const known = values.flatMap((value, k) => (value === null ? [] : [[k + 1, value]]));
    if (known.length < 2) return;
    const low = Math.min(...known.map((one) => one[1])), high = Math.max(...known.map((one) => one[1]));
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    const { svg, inner, x, y, u } = axes(byId(host), [1, values.length, low - room, high + room], t(xTitle), t(yTitle), 270, true);
    inner.append(make("path", { class: "step", d: "M" + known.map(([k, value]) => `${x(k)},${y(value)}`).join("L") }));
    const dot = make("circle", { r: 4 * u, fill: "var(--accent)", visibility: "hidden" });
    svg.append(dot);
    svg.addEventListener("pointermove", (event) => {
      const left = event.clientX - svg.getBoundingClientRect().left;
      const [k, value] = known.reduce((best, one) => (Math.abs(x(one[0]) - left) < Math.abs(x(best[0]) - left) ? one : best));
      dot.setAttribute("cx", x(k));
      dot.setAttribute("cy", y(value));
      dot.setAttribute("visibility", "visible");
      showTip([t(words[0], { number: k }), t(words[1], { value: value.toPrecision(5) })], dot.getBoundingClientRect());
    });
    svg.addEventListener("pointerleave", () => { hideTip(); dot.setAttribute("visibility", "hidden"); });
  }

  function drawCurves() {
    drawCurve("growth-chart", data.hypervolumes, "generation", "hypervolume (higher is better)", ["Generation {number}", "hypervolume {value}"]);
    drawCurve("training-chart", data.losses, "epoch", "training loss (mean of an epoch)", ["Epoch {number}", "loss {value}"]);
  }

  /* ---- language ---- */
  function speak(wanted) {
    chinese = wanted;
    document.documentElement.lang = chinese ? "zh-CN" : "en";
    for (const node of document.querySelectorAll("[data-zh]")) {
      node.dataset.en ??= node.textContent;
      node.textContent = chinese ? node.dataset.zh : node.dataset.en;
    }
    for (const name of ["alt", "title"]) {
      for (const node of document.querySelectorAll(`[data-zh-${name}]`)) {
        node.dataset[name] ??= node.getAttribute(name);
        node.setAttribute(name, chinese ? node.getAttribute(`data-zh-${name}`) : node.dataset[name]);
      }
    }
    for (const node of document.querySelectorAll("[data-t]")) {
      node.dataset.en ??= node.textContent.replace(/\s+/g, " ").trim();
      node.textContent = t(node.dataset.en);
    }
    for (const node of document.querySelectorAll("[data-t-label]")) {
      node.dataset.label ??= node.getAttribute("aria-label");
      node.setAttribute("aria-label", t(node.dataset.label));
    }
    const button = byId("language");
    button.textContent = chinese ? "English" : "中文";
    button.lang = chinese ? "en" : "zh-CN";
    document.querySelectorAll("pre.command").forEach(copyable);
    for (const each of byId("axes").children) each.textContent = t(each.dataset.noun);
    draw();
    if (data.members[selected]) drawMember(data.members[selected]);
  }

  const remembered = () => { try { return localStorage.getItem("nasea-language"); } catch { return null; } };

  function draw() {
    drawTrunks();
    drawFront();
    drawCurves();
  }

  /* ---- wiring ---- */
  byId("zoom").hidden = byId("front-hint").hidden = false;
  byId("all-layers")?.remove(); // the selected architecture is drawn instead
  for (const button of document.querySelectorAll("[data-view]")) button.hidden = !axis.windows[button.dataset.view];
  if (data.axes.length > 1) {
    byId("axes").hidden = byId("axes-hint").hidden = false;
    for (const each of data.axes) {
      const button = make("button", { type: "button", "aria-pressed": String(each === axis), "data-noun": each.noun }, each.noun);
      button.addEventListener("click", () => {
        axis = each;
        for (const other of byId("axes").children) other.setAttribute("aria-pressed", String(other === button));
        show(axis.windows.front);
      });
      byId("axes").append(button);
    }
  }
  for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => show(axis.windows[button.dataset.view]));
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  byId("front-table").addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-number]");
    if (!row) return;
    event.preventDefault();
    select(Number(row.dataset.number), { scroll: innerWidth < 900 });
  });
  chart.addEventListener("keydown", (event) => {
    const far = data.members.length;
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -far, End: far }[event.key];
    if (!step) return;
    event.preventDefault();
    select(clamp(selected + step, 0, data.members.length - 1));
    chart.querySelector(".point.on")?.focus();
  });
  addEventListener("hashchange", () => fromHash({ scroll: true }));
  addEventListener("scroll", hideTip, { passive: true });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return; // a phone's address bar only changes the height
    width = innerWidth;
    draw();
  });
  byId("language").hidden = false;
  byId("language").addEventListener("click", () => {
    speak(!chinese);
    try { localStorage.setItem("nasea-language", chinese ? "zh" : "en"); } catch { /* remembered for this page only */ }
  });

  function fromHash(options) {
    const number = Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? NaN);
    if (data.members[number]) select(number, { ...options, remember: false });
    return number in data.members;
  }

  speak((remembered() ?? navigator.language ?? "").toLowerCase().startsWith("zh"));
  if (!fromHash({ scroll: true })) select(data.best, { remember: false });
})();
