"use strict";
/* Draws the charts and the selected architecture. Every text from the run is set with textContent,
   never parsed as markup. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const svgNames = new Set(["svg", "g", "line", "path", "rect", "circle", "text"]);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function make(name, attributes = {}, ...children) {
    const node = svgNames.has(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null));
    return node;
  }

  /* Round tick values: 1, 2 or 5 times a power of ten. */
  function ticks(low, high, count) {
    const raw = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
      found.push([k * step, (k * step).toFixed(Math.min(decimals, 8))]);
    }
    return found;
  }

  /* Axes in a host element; returns the drawing and the maps from values to pixels. */
  function axes(host, view, xTitle, yTitle, height) {
    const width = Math.max(host.clientWidth, 260);
    const frame = { left: 62, right: width - 14, top: 24, bottom: height - 46 };
    const x = (value) => frame.left + ((value - view[0]) / (view[1] - view[0])) * (frame.right - frame.left);
    const y = (value) => frame.bottom - ((value - view[2]) / (view[3] - view[2])) * (frame.bottom - frame.top);
    const svg = make("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": `${yTitle} over ${xTitle}` });
    for (const [value, label] of ticks(view[0], view[1], clamp(width / 72, 3, 9))) {
      svg.append(make("line", { class: "grid", x1: x(value), x2: x(value), y1: frame.top, y2: frame.bottom }));
      svg.append(make("text", { x: x(value), y: frame.bottom + 17, "text-anchor": "middle" }, label));
    }
    for (const [value, label] of ticks(view[2], view[3], 7)) {
      svg.append(make("line", { class: "grid", x1: frame.left, x2: frame.right, y1: y(value), y2: y(value) }));
      svg.append(make("text", { x: frame.left - 8, y: y(value) + 4, "text-anchor": "end" }, label));
    }
    svg.append(make("text", { x: (frame.left + frame.right) / 2, y: height - 8, "text-anchor": "middle" }, xTitle));
    svg.append(make("text", { x: 4, y: 13 }, yTitle));
    host.replaceChildren(svg);
    return { svg, frame, x, y, width };
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
  const shade = (trunk) => `var(--f${trunk % 8})`;
  function drawTrunks() {
    const legend = byId("trunks");
    legend.hidden = data.trunks.length < 2;
    legend.replaceChildren("Scored, by widths:", ...data.trunks.map((words, trunk) => {
      const item = make("span", { class: "trunk" }, words);
      item.style.setProperty("--trunk", shade(trunk));
      return item;
    }));
  }

  const summary = (member) => [`Architecture ${member.number}`, `${data.accuracy_title} ${member.accuracy_text}`, ...data.axes.map((each) => each.cost_texts[member.number]), member.summary];

  function drawFront() {
    const plot = axes(chart, view, axis.title, `${data.accuracy_title} (higher is better)`, clamp(chart.clientWidth * 0.6, 300, 430));
    const { svg, frame, x, y } = plot;
    const place = (cost, accuracy) => [x(cost / axis.scale), y(accuracy)];
    const inside = ([left, top]) => left >= frame.left - 1 && left <= frame.right + 1 && top >= frame.top - 1 && top <= frame.bottom + 1;
    const several = data.trunks.length > 1;
    const newest = Math.max(1, ...axis.evaluated.map((row) => row[2]));
    for (const [cost, accuracy, generation, trunk] of axis.evaluated) {
      const at = place(cost, accuracy);
      if (!inside(at)) continue;
      const dot = make("circle", { class: "seen", cx: at[0], cy: at[1], r: several ? 2.5 : 2, opacity: 0.2 + (0.5 * generation) / newest });
      if (several) dot.style.fill = shade(trunk);
      svg.append(dot);
    }
    if (axis.budget !== null) {
      const limit = place(axis.budget, 0)[0];
      if (limit >= frame.left && limit <= frame.right) svg.append(make("line", { class: "budget", x1: limit, x2: limit, y1: frame.top, y2: frame.bottom }));
      svg.append(make("text", { class: "budget-text", x: frame.right, y: 13, "text-anchor": "end" }, `budget ${axis.budget_text}`));
    }

    const dots = data.members.map((member, number) => place(axis.costs[number], member.accuracy));
    let path = "";
    for (const number of axis.steps) {
      const left = clamp(dots[number][0], frame.left, frame.right), top = clamp(dots[number][1], frame.top, frame.bottom);
      path += path ? `H${left}V${top}` : `M${left},${top}`;
    }
    svg.append(make("path", { class: "step", d: path }));

    const labels = [];
    data.members.forEach((member, number) => {
      const [left, top] = dots[number];
      if (!inside(dots[number])) return;
      const label = freePlace(left, top, 7.5 * String(number).length, dots, labels);
      const kind = axis.steps.includes(number) ? "point" : "point aside"; // aside: there for another cost
      const point = make("g", { class: kind, "data-number": number, role: "button", "aria-label": summary(member).join(", ") },
        make("circle", { class: "dot", cx: left, cy: top, r: 5 }),
        label && make("text", { x: label[0], y: label[1] + 4, "text-anchor": "middle" }, String(number)));
      point.addEventListener("focus", () => showTip(summary(member), point.getBoundingClientRect()));
      point.addEventListener("blur", hideTip);
      svg.append(point);
    });
    listen(plot, dots);
    mark();
  }

  /* A free place for a number beside its point, or null: that number then shows on hover only. */
  function freePlace(left, top, width, dots, labels) {
    for (const [dx, dy] of [[-8, -11], [0, -14], [-14, 0], [9, 12], [0, 16], [14, 0], [-16, -20], [0, -26], [14, 22], [0, 28]]) {
      const at = [left + dx, top + dy];
      const apart = (other, room) => Math.abs(other[0] - at[0]) > room || Math.abs(other[1] - at[1]) > 10;
      if (dots.every((dot) => apart(dot, width / 2 + 5)) && labels.every((label) => apart(label, (label[2] + width) / 2))) {
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
      button.setAttribute("aria-pressed", String(axis.windows[button.dataset.view].every((edge, k) => edge === view[k])));
    }
  }

  function zoom(factor) {
    const [left, right, bottom, top] = view;
    const x = (left + right) / 2, y = (bottom + top) / 2;
    const w = ((right - left) * factor) / 2, h = ((top - bottom) * factor) / 2;
    show([x - w, x + w, y - h, y + h]);
  }

  /* ---- one architecture ---- */
  function select(number, { scroll = false, remember = true } = {}) {
    if (!data.members[number]) return;
    selected = number;
    mark();
    drawMember(data.members[number]);
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
    for (const [name, value] of member.stats) stats.append(make("li", {}, make("span", {}, `${name} `), value));
    const files = make("p", { class: "hint" }, "Files in results/: ", make("code", {}, member.files[0]), ", ", make("code", {}, member.files[1]));
    host.replaceChildren(make("h2", {}, `Architecture ${member.number}`), stats, files, chain(member), legend(member), layerTable(member));
    host.hidden = false;
  }

  /* A name that may break after its underscores. */
  const breakable = (name) => name.split(/(?<=_)/).flatMap((part) => [part, make("wbr")]);

  function chain(member) {
    const list = make("ol", { class: "chain", "aria-label": "The network as a chain of blocks" }, make("li", { class: "end" }, make("b", {}, "PreNet")));
    for (const layer of member.layers) {
      const item = make("li", { class: layer.family === "skip" ? "skip" : "" },
        make("b", {}, ...breakable(layer.block)),
        make("span", {}, `${layer.c_in} → ${layer.c_out} channels`),
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
    if (member.layers.some((layer) => layer.stride > 1)) list.append(make("li", {}, "↓2 halves the resolution"));
    return list;
  }

  function layerTable(member) {
    const head = make("tr", {}, make("th", { scope: "col" }, "layer"), make("th", { scope: "col", class: "name" }, "block"),
      ...["channels", "stride", "output"].map((title) => make("th", { scope: "col", class: "geometry" }, title)),
      ...data.columns.map((title) => make("th", { scope: "col" }, title)));
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
    if (member.ends) rows.push(make("tr", { class: "ends" }, make("td"), make("td", { class: "name" }, "PreNet and PostNet"), ...geometry("", "", ""), ...costs(member.ends)));
    const total = make("tr", {}, make("td"), make("td", { class: "name" }, "whole network"), ...geometry("", "", ""), ...costs(member.total));
    return make("div", { class: "scroll" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows), make("tfoot", {}, total)));
  }

  /* ---- growth of the hypervolume ---- */
  function drawGrowth() {
    const values = data.hypervolumes;
    if (values.length < 2) return;
    const low = Math.min(...values), high = Math.max(...values);
    const room = (high - low || Math.abs(high) || 1) * 0.08;
    const { svg, x, y } = axes(byId("growth-chart"), [0, values.length - 1, low - room, high + room], "generation", "hypervolume (higher is better)", 270);
    svg.append(make("path", { class: "step", d: "M" + values.map((value, k) => `${x(k)},${y(value)}`).join("L") }));
    const dot = make("circle", { r: 4, fill: "var(--accent)", visibility: "hidden" });
    svg.append(dot);
    svg.addEventListener("pointermove", (event) => {
      const bounds = svg.getBoundingClientRect();
      const share = (event.clientX - bounds.left - x(0)) / (x(values.length - 1) - x(0));
      const k = clamp(Math.round(share * (values.length - 1)), 0, values.length - 1);
      dot.setAttribute("cx", x(k));
      dot.setAttribute("cy", y(values[k]));
      dot.setAttribute("visibility", "visible");
      showTip([`Generation ${k}`, `hypervolume ${values[k].toPrecision(5)}`], dot.getBoundingClientRect());
    });
    svg.addEventListener("pointerleave", () => { hideTip(); dot.setAttribute("visibility", "hidden"); });
  }

  /* ---- wiring ---- */
  byId("zoom").hidden = byId("front-hint").hidden = false;
  drawTrunks();
  if (data.axes.length > 1) {
    byId("axes").hidden = byId("axes-hint").hidden = false;
    for (const each of data.axes) {
      const button = make("button", { type: "button", "aria-pressed": String(each === axis) }, each.noun);
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
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
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
    drawFront();
    drawGrowth();
  });

  function fromHash(options) {
    const number = Number(/^#(\d+)$/.exec(location.hash)?.[1] ?? NaN);
    if (data.members[number]) select(number, { ...options, remember: false });
    return number in data.members;
  }

  drawFront();
  drawGrowth();
  if (!fromHash({ scroll: true })) select(data.best, { remember: false });
})();
