// Shows the steps of explorer_steps.js. Before both Python puts `arithmetic`, the rules of each graph; what else differs from page
// to page stands in the JSON block. A page either is a file of its own or stands in a frame of a notebook. See explorer.py.

/* global arithmetic */

const find = (id) => document.getElementById(id);
const state = { graph: null, leaves: {}, run: null, step: 0, depthFirst: false, question: false, verdict: "", timer: 0 };

const SVG = "http://www.w3.org/2000/svg", MATHML = "http://www.w3.org/1998/Math/MathML";

function make(tag, text = "", namespace = null) {
  const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  element.textContent = text;
  return element;
}

// A graph with what is looked up in it, and the elements of its section of the page.
function prepared(graph, rules, i) {
  const section = document.querySelector(`[data-graph="${i}"]`);
  const users = new Map();
  graph.uses.forEach(({ user }, use) => users.set(user, [...(users.get(user) ?? []), use]));
  const nodes = new Map([...section.querySelectorAll("[data-node]")].map((box) => [box.dataset.node, new Box(box)]));
  const edges = new Map([...section.querySelectorAll("[data-edge]")].map((edge) => [edgeKey(edge), new Edge(edge)]));
  const svg = section.querySelector("svg");
  svg.style.setProperty("--height", `${svg.getAttribute("height")}px`);
  const templates = section.querySelector("template").content.querySelectorAll("[data-formula]");
  const formulas = new Map([...templates].map((formula) => [formula.dataset.formula, formula]));
  const operations = graph.nodes.filter((node) => !node.leaf);
  const variables = graph.nodes.filter((node) => node.variable);
  const byLabel = new Map(graph.nodes.map((node) => [node.label, node]));
  return { ...graph, rules, section, users, boxes: nodes, edges, formulas, operations, variables, byLabel };
}

function edgeKey(edge) {
  return `${edge.dataset.edge.split(" ")[1]} ${edge.dataset.place}`;
}

// A number in the figure takes the place of the one that Python has typeset, behind the last equals sign if there is one. The line
// is kept in the middle of a box, by the usual width of a digit.
class Slot {
  constructor(line, middle = null) {
    const texts = [...line.querySelectorAll("text")];
    const equals = texts.findLast((text) => text.textContent === "=");
    const kept = equals ? [...line.children].slice(0, [...line.children].indexOf(equals) + 1) : [];
    const x = equals ? Number(equals.getAttribute("x")) + 9 : (middle ?? Number(texts[0].getAttribute("x")));
    this.text = make("text", "", SVG);
    for (const name of ["class", "y"]) this.text.setAttribute(name, (equals ?? texts[0]).getAttribute(name));
    this.text.setAttribute("x", x);
    this.text.setAttribute("text-anchor", equals ? "start" : "middle");
    this.line = line;
    this.aside = equals && middle !== null ? 2 * middle - Number(texts[0].getAttribute("x")) - x : null;
    line.replaceChildren(...kept, this.text);
  }

  show(text) {
    this.line.classList.toggle("hidden", text === "");
    if (this.text.textContent === text) return;
    this.text.textContent = text;
    if (this.aside !== null) this.line.setAttribute("transform", `translate(${(this.aside - 7.4 * text.length) / 2}, 0)`);
  }
}

class Box {
  constructor(element) {
    const lines = [...element.querySelectorAll(":scope > g")];
    const { x, width } = element.querySelector("rect");
    const middle = x.baseVal.value + width.baseVal.value / 2;
    this.element = element;
    this.value = "value" in element.dataset ? new Slot(lines[1], middle) : null;
    this.adjoint = "adjoint" in element.dataset ? new Slot(lines.at(-1), middle) : null;
  }

  show(value, adjoint, classes) {
    this.value?.show(value === undefined ? "" : shown(value));
    this.adjoint?.show(adjoint === undefined ? "" : shown(adjoint));
    setClasses(this.element, classes);
    Object.assign(this.element.dataset, { value: value ?? "", adjoint: adjoint ?? "" });
  }
}

class Edge {
  constructor(element) {
    const label = element.querySelector("g");
    const isFixed = !element.dataset.partial?.includes("=");
    this.element = element;
    this.label = label;
    this.partial = label && !isFixed ? new Slot(label) : null;
  }

  show(moment, classes) {
    if (moment && moment.partial !== undefined) this.partial?.show(shown(moment.partial));
    this.label?.classList.toggle("hidden", !moment);
    setClasses(this.element, classes);
  }
}

function setClasses(element, classes) {
  const wanted = Object.entries(classes).filter(([, isOn]) => isOn).map(([name]) => name).join(" ");
  if (element.getAttribute("class") !== wanted) element.setAttribute("class", wanted);
}

function render() {
  const { graph, run, step } = state;
  const now = situation(graph, run, step);
  renderFigure(graph, run, now);
  renderFormula(graph, run, now);
  renderLeaves(graph, run, now);
  renderControls(graph, run, now);
  writeAddress();
}

// ---- the figure

function renderFigure(graph, run, now) {
  const present = now.moment && graph.uses[now.moment.use];
  for (const node of graph.nodes) {
    const is = node.label === now.label || node.label === present?.operand;
    const isKnown = now.known.has(node.label);
    const classes = { now: is, giver: node.label === present?.user, back: now.kind === "backward" || now.kind === "seed", todo: !isKnown };
    graph.boxes.get(node.label).show(isKnown ? now.value[node.label] : undefined, now.adjoint[node.label], classes);
  }
  const moments = new Map(now.done.map((moment) => [useKey(graph.uses[moment.use]), moment]));
  const late = new Set(state.depthFirst ? lateUses(graph, now) : []);
  for (const [key, edge] of graph.edges) {
    const isNow = now.kind === "forward" ? key.startsWith(`${now.label} `) : present && key === useKey(present);
    edge.show(moments.get(key), { now: isNow, back: isNow && now.kind === "backward", late: late.has(key) });
  }
  requestAnimationFrame(() => scrollToPresent(graph.section));
  const values = graph.nodes.filter(({ label }) => now.known.has(label)).map((node) => `${node.words}: ${shown(now.value[node.label])}`);
  graph.section.querySelector("svg").setAttribute("aria-label", `Computation graph: ${values.join("; ")}`);
}

function useKey({ user, place }) {
  return `${user} ${place}`;
}

function lateUses(graph, now) {
  return now.done.filter((moment, i) => isLate(graph, { moment, done: now.done.slice(0, i) })).map(({ use }) => useKey(graph.uses[use]));
}

function scrollToPresent(section) {
  const box = section.querySelector(".now[data-node]");
  if (!box) return;
  const [outer, inner] = [section.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) section.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
  if (inner.top < outer.top || inner.bottom > outer.bottom) section.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
}

// ---- the formula, with symbols and with numbers

// A copy of a formula, with numbers where it says of which node and of what.
function formula(graph, key, value = {}, adjoint = {}) {
  const copy = graph.formulas.get(key).cloneNode(true);
  for (const slot of copy.querySelectorAll("[data-value], [data-adjoint]")) {
    const number = shown(slot.dataset.value ? value[slot.dataset.value] : adjoint[slot.dataset.adjoint]);
    slot.append(numberElement(slot.hasAttribute("data-guarded") ? guarded(number) : number));
  }
  return copy;
}

function numberElement(text) {
  return make(/[^\d.]/.test(text) ? "mtext" : "mn", text, MATHML);
}

function line(...parts) {
  const element = make("div");
  element.append(...parts);
  return element;
}

function marked(element, name) {
  const span = make("span");
  span.className = name;
  span.append(element);
  return span;
}

function renderFormula(graph, run, now) {
  const lines = now.kind === "forward" ? operationLines(graph, now) : now.kind === "backward" ? chainRuleLines(graph, run, now) : [];
  find("formula").replaceChildren(...lines);
  find("legend").hidden = lines.length > 0;
}

function operationLines(graph, now, isHidden = false) {
  const result = isHidden ? "?" : shown(now.value[now.label]);
  const numbers = graph.given ? [] : [line("= ", formula(graph, `numbers ${now.label}`, now.value))];
  return [line(formula(graph, `definition ${now.label}`)), ...numbers, line("= ", marked(result, "result"))];
}

// The adjoint as the sum of its contributions, those that have arrived with their numbers.
function chainRuleLines(graph, run, now, isHidden = false) {
  const { operand } = graph.uses[now.moment.use];
  const sofar = received(graph, now.done, operand), all = received(graph, run.moments, operand);
  const terms = all.map((moment) => {
    const place = moment === now.moment ? "present" : sofar.includes(moment) ? "past" : "future";
    return marked(formula(graph, `term ${moment.use}`), place);
  });
  const numbers = sofar.map((moment) => {
    const { user } = graph.uses[moment.use];
    const term = graph.given ? make("span", moment.contribution) : formula(graph, `numbers ${moment.use}`, now.value, { [user]: moment.from });
    return marked(term, moment === now.moment ? "present" : "past");
  });
  const sum = isHidden ? "?" : shown(now.moment.sum);
  const rest = sofar.length < all.length ? " so far" : "";
  const local = graph.given ? [] : [localLine(graph, now.moment)];
  return [
    line(formula(graph, `adjoint ${operand}`), " = ", ...separated(terms)),
    line("= ", ...separated(numbers)),
    line("= ", marked(sum, "result"), rest),
    ...local,
  ];
}

function localLine(graph, { use, partial }) {
  const local = formula(graph, `local ${use}`);
  const isNumber = local.textContent.split("=").at(-1).trim() === shown(partial);
  return line(marked(local, "local"), ...(isNumber ? [] : [marked(` = ${shown(partial)}`, "local")]));
}

function separated(elements) {
  return elements.flatMap((element, i) => (i ? [" + ", element] : [element]));
}

// ---- the leaves

function buildLeaves(graph) {
  const rows = graph.nodes.filter((node) => node.leaf).map((leaf) => {
    const row = make("tr"), head = make("th"), field = make("input"), cells = [make("td"), make("td"), make("td")];
    head.scope = "row";
    head.textContent = leaf.name && leaf.name !== leaf.label ? `${name(leaf.label)}: ${leaf.name}` : name(leaf.label);
    if (graph.given) cells[0].textContent = leaf.value;
    else {
      Object.assign(field, { type: "number", step: "any", value: state.leaves[leaf.label], id: `leaf-${leaf.label}` });
      field.setAttribute("aria-label", `value of ${leaf.label}`);
      field.addEventListener("input", () => changeLeaf(leaf.label, field));
      cells[0].append(field);
    }
    row.append(head, ...cells);
    row.dataset.leaf = leaf.label;
    return row;
  });
  find("leaves").tBodies[0].replaceChildren(...rows);
  find("given").hidden = !graph.given;
}

function renderLeaves(graph, run, now) {
  for (const row of find("leaves").tBodies[0].rows) {
    const label = row.dataset.leaf, adjoint = now.adjoint[label], difference = run.differences[label];
    const isComplete = adjoint !== undefined && received(graph, now.done, label).length === received(graph, run.moments, label).length;
    row.cells[2].textContent = adjoint === undefined ? "" : shown(adjoint);
    row.cells[2].className = isComplete ? "" : "unfinished";
    const isShown = isComplete && difference !== undefined;
    row.cells[3].textContent = !isShown ? "" : difference === null ? "not defined" : `${shown(Number(difference.toPrecision(6)))} ${agree(adjoint, difference, 1e-5) ? "✓" : "✗"}`;
    row.cells[3].className = row.cells[3].textContent.endsWith("✗") ? "wrong" : "";
  }
}

function changeLeaf(label, field) {
  const isNumber = field.value.trim() !== "" && Number.isFinite(Number(field.value));
  const leaves = { ...state.leaves, [label]: Number(field.value) };
  field.setAttribute("aria-invalid", String(!isNumber || !tryLeaves(leaves)));
  if (!isNumber) complain("A value has to be a number.");
}

// Whether these values could be taken. If not, everything stays as it was, and the page says where it went wrong.
function tryLeaves(leaves) {
  const { graph } = state;
  let made;
  try {
    made = run(graph, leaves, state.depthFirst);
  } catch (error) {
    if (!(error instanceof Undefined)) throw error;
    complain(complaint(graph, error), error.label);
    return false;
  }
  complain("");
  Object.assign(state, { leaves, run: made });
  for (const field of find("leaves").querySelectorAll("input")) field.setAttribute("aria-invalid", "false");
  render();
  return true;
}

function complaint(graph, { label, value, use }) {
  const { words, operands } = graph.byLabel.get(label);
  const where = operands.map((operand) => `${name(operand)} = ${shown(value[operand])}`).join(" and ");
  if (use === null) return `${words} is not a finite number where ${where}. The last good values stay.`;
  return `${words} has no finite derivative where ${where}. The last good values stay.`;
}

function complain(text, label = null) {
  find("error").textContent = text;
  for (const [key, box] of state.graph.boxes) box.element.toggleAttribute("data-undefined", key === label);
}

// ---- the controls

function renderControls(graph, run, now) {
  const last = lastStep(graph), isOver = state.step === last;
  Object.assign(find("step"), { max: last, value: state.step });
  find("step").setAttribute("aria-valuetext", `step ${state.step} of ${last}`);
  find("count").textContent = `${state.step} / ${last}`;
  find("back").disabled = state.step === 0;
  find("forward").disabled = isOver;
  find("play").textContent = state.timer ? "Pause" : isOver ? "Watch it happen" : "Go on";
  find("question").hidden = !state.question;
  const said = [state.verdict, words(graph, run, now)].filter(Boolean).join(" ");
  if (find("caption").textContent !== said) find("caption").textContent = said;
}

function go(step) {
  state.step = Math.max(0, Math.min(step, lastStep(state.graph)));
  Object.assign(state, { question: false, verdict: "" });
  render();
}

function stop() {
  clearTimeout(state.timer);
  state.timer = 0;
}

function goByHand(step) {
  stop();
  go(step);
}

function forward() {
  stop();
  const next = situation(state.graph, state.run, state.step + 1);
  if (find("predict").checked && ["forward", "backward"].includes(next.kind)) ask(next);
  else go(state.step + 1);
}

function play() {
  if (state.timer) {
    stop();
    render();
    return;
  }
  if (state.step === lastStep(state.graph)) go(0);
  if (find("predict").checked) forward();
  else continuePlaying();
}

function continuePlaying() {
  const backward = state.step > state.graph.operations.length;
  state.timer = setTimeout(() => {
    go(state.step + 1);
    if (state.step < lastStep(state.graph)) continuePlaying();
    else stop();
    render();
  }, state.step === 0 ? 800 : backward ? 2000 : 1100);
  render();
}

// Asks for the next number before it is shown.
function ask(next) {
  const { graph, run } = state;
  state.question = true;
  render();
  const isForward = next.kind === "forward";
  find("formula").replaceChildren(...(isForward ? operationLines(graph, next, true) : chainRuleLines(graph, run, next, true)));
  find("legend").hidden = true;
  const use = isForward ? null : graph.uses[next.moment.use];
  find("asked").textContent = isForward
    ? `What is ${name(next.label)}?`
    : `What is the adjoint of ${name(use.operand)} after ${name(use.user)} has contributed?`;
  find("guess").value = "";
  find("guess").focus();
}

function answer(event) {
  event.preventDefault();
  const next = situation(state.graph, state.run, state.step + 1);
  const due = next.kind === "forward" ? next.value[next.label] : next.moment.sum;
  const guess = find("guess").value.trim();
  const isRight = typeof due === "string" ? guess === due : guess !== "" && agree(Number(guess), due, 5e-3);
  find("step").focus();
  go(state.step + 1);
  state.verdict = isRight ? "Right." : `It is ${shown(due)}.`;
  render();
}

// ---- which graph; the address

function choose(graph, { step = null, leaves = {}, depthFirst = graph.depthFirst } = {}) {
  stop();
  for (const other of graphs) other.section.hidden = other !== graph;
  find("graphs").replaceChildren(...(graphs.length > 1 ? graphs.map((other) => linkTo(other, other === graph)) : []));
  const usual = Object.fromEntries(graph.nodes.filter((node) => node.leaf).map(({ label, value }) => [label, value]));
  Object.assign(state, { graph, leaves: usual, depthFirst, run: run(graph, usual, depthFirst), question: false, verdict: "" });
  state.step = Math.min(step ?? lastStep(graph), lastStep(graph));
  find("depth-first").checked = depthFirst;
  find("depth-first").disabled = Boolean(graph.given) || !graph.result;
  find("note").textContent = graph.note;
  buildLeaves(graph);
  complain("");
  if (Object.keys(leaves).length) tryLeaves({ ...usual, ...leaves });
  for (const field of find("leaves").querySelectorAll("input")) field.value = state.leaves[field.id.slice(5)];
  render();
}

function linkTo({ key, title }, isCurrent) {
  const link = make("a", title);
  link.href = `#${encodeURIComponent(key)}`;
  if (isCurrent) link.setAttribute("aria-current", "page");
  return link;
}

const RESERVED = ["step", "order"]; // what the address has for itself

// #A&step=14&a=2.5
function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const graph = graphs.find(({ key }) => given.has(key)) ?? graphs[0];
  const step = /^\d+$/.test(given.get("step")) ? Number(given.get("step")) : null;
  const leaves = {};
  for (const node of graph.nodes) {
    const value = RESERVED.includes(node.label) ? null : given.get(node.label);
    if (node.leaf && value && Number.isFinite(Number(value))) leaves[node.label] = Number(value);
  }
  choose(graph, { step, leaves, depthFirst: given.has("order") ? given.get("order") === "depth-first" : graph.depthFirst });
}

let address = 0;

function writeAddress() {
  if (frame) return;
  clearTimeout(address);
  address = setTimeout(() => history.replaceState(null, "", currentAddress()), 200);
}

function currentAddress() {
  const { graph, step, leaves, depthFirst } = state;
  const parts = [encodeURIComponent(graph.key)];
  if (step !== lastStep(graph)) parts.push(`step=${step}`);
  const changed = graph.nodes.filter(({ leaf, label, value }) => leaf && leaves[label] !== value && !RESERVED.includes(label));
  for (const { label } of changed) parts.push(`${label}=${leaves[label]}`);
  if (depthFirst !== graph.depthFirst) parts.push(`order=${depthFirst ? "depth-first" : "topological"}`);
  return `#${parts.join("&")}`;
}

// ---- a page in a frame: as high as what it shows, in its host's colours; then the picture beside it is not needed

function settle() {
  const host = frame.ownerDocument.body, root = document.documentElement;
  new ResizeObserver(() => { frame.style.height = `${Math.ceil(root.getBoundingClientRect().height)}px`; }).observe(root);
  const follow = () => {
    const { jpThemeLight, vscodeThemeKind } = host.dataset;
    if (jpThemeLight) root.style.colorScheme = jpThemeLight === "true" ? "light" : "dark";
    if (vscodeThemeKind) root.style.colorScheme = vscodeThemeKind.includes("light") ? "light" : "dark";
  };
  new MutationObserver(follow).observe(host, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  follow();
  root.classList.add("framed");
}

function leaveFrame() {
  frame?.closest(".jp-Cell, .cell")?.focus();
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") leaveFrame();
  if (event.target.matches("input:not([type=range]):not([type=checkbox])")) return;
  const isRange = event.target.matches("input[type=range]");
  const actions = {
    ArrowRight: forward, ArrowLeft: () => goByHand(state.step - 1), " ": play,
    Home: () => goByHand(0), End: () => goByHand(lastStep(state.graph)),
  };
  const action = actions[event.key];
  if (!action || (event.key === " " && !isRange && event.target !== document.body)) return;
  event.preventDefault();
  action();
}

const frame = window.frameElement;
const graphs = JSON.parse(find("data").textContent).map((graph, i) => prepared(graph, arithmetic[i], i));

find("play").addEventListener("click", play);
find("back").addEventListener("click", () => goByHand(state.step - 1));
find("forward").addEventListener("click", forward);
find("step").addEventListener("input", (event) => goByHand(Number(event.target.value)));
find("depth-first").addEventListener("change", (event) => {
  state.depthFirst = event.target.checked;
  tryLeaves(state.leaves);
});
find("question").addEventListener("submit", answer);
document.addEventListener("keydown", press);
if (frame) settle();
else window.addEventListener("hashchange", readAddress);
readAddress();
if (frame) for (const image of frame.parentElement.querySelectorAll(":scope > img")) image.hidden = true;
