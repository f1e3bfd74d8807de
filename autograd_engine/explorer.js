// Shows the steps of explorer_steps.js. Before both Python puts `arithmetic`, the rules of each graph; what else differs from page
// to page stands in the JSON block. A page either is a file of its own or stands in a frame of a notebook. See explorer.py.

/* global arithmetic */

const find = (id) => document.getElementById(id);
const state = { graph: null, leaves: {}, run: null, step: 0, depthFirst: false, question: false, verdict: "", timer: 0 };

// A graph with what is looked up in it, and the parts of its section of the page.
function prepared(graph, rules, i) {
  const section = document.querySelector(`[data-graph="${i}"]`), svg = section.querySelector("svg");
  svg.style.setProperty("--height", `${svg.getAttribute("height")}px`);
  const users = new Map();
  graph.uses.forEach(({ user }, use) => users.set(user, [...(users.get(user) ?? []), use]));
  const templates = section.querySelector("template").content.querySelectorAll("[data-formula]");
  const formulas = new Map([...templates].map((formula) => [formula.dataset.formula, formula]));
  const nodes = graph.nodes.map((node) => ({ ...node, words: node.words.replace(/\b[A-Za-z]_?\d+\b/g, name) }));
  const kinds = { operations: nodes.filter((node) => !node.leaf), leaves: nodes.filter((node) => node.leaf) };
  const byLabel = new Map(nodes.map((node) => [node.label, node]));
  return { ...graph, ...kinds, nodes, rules, section, users, formulas, byLabel, ...parts(section) };
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

// ---- the leaves

function buildLeaves(graph) {
  const rows = graph.leaves.map((leaf) => {
    const row = make("tr"), head = make("th"), field = make("input"), cells = [make("td"), make("td"), make("td")];
    head.scope = "row";
    head.textContent = leaf.name && leaf.name !== leaf.label ? `${name(leaf.label)}: ${leaf.name}` : name(leaf.label);
    if (graph.given) cells[0].textContent = leaf.value;
    else {
      Object.assign(field, { type: "number", step: "any", value: state.leaves[leaf.label], id: `leaf-${leaf.label}` });
      field.setAttribute("aria-label", `value of ${leaf.label}`);
      field.dataset.label = leaf.label;
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
    const check = isComplete ? checkInWords(adjoint, difference) : "";
    row.cells[3].textContent = check;
    row.cells[3].className = check.endsWith("✗") ? "wrong" : "";
  }
}

function checkInWords(adjoint, difference) {
  if (difference === undefined) return "";
  return difference === null ? "not defined" : `${shown(difference)} ${agree(adjoint, difference, 1e-5) ? "✓" : "✗"}`;
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
  for (const field of fields()) {
    if (Number(field.value) !== leaves[field.dataset.label]) field.value = leaves[field.dataset.label];
    field.setAttribute("aria-invalid", "false");
  }
  render();
  return true;
}

function fields() {
  return find("leaves").querySelectorAll("input");
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
  requestAnimationFrame(() => scrollTo(state.graph.section, "[data-undefined]"));
}

// ---- the controls

function renderControls(graph, run, now) {
  const last = lastStep(graph), isOver = state.step === last;
  Object.assign(find("step"), { max: last, value: state.step });
  find("step").setAttribute("aria-valuetext", `step ${state.step} of ${last}`);
  find("count").textContent = `${state.step} / ${last}`;
  find("back").setAttribute("aria-disabled", state.step === 0); // and not disabled, which would lose the focus
  find("forward").setAttribute("aria-disabled", isOver);
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
  if (state.step === lastStep(state.graph)) return;
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
  if (!frame && isBelowWindow(state.graph.section)) find("controls").scrollIntoView();
  if (find("predict").checked) forward();
  else continuePlaying();
}

function isBelowWindow(element) {
  return element.getBoundingClientRect().bottom > window.innerHeight;
}

function continuePlaying() {
  state.timer = setTimeout(() => {
    go(state.step + 1);
    if (state.step < lastStep(state.graph)) continuePlaying();
    else stop();
    render();
  }, timeToRead(state.graph, situation(state.graph, state.run, state.step)));
  render();
}

// In milliseconds: a sum takes longer than one number, and what is computed backward longer than what is computed forward.
function timeToRead(graph, now) {
  if (now.kind !== "backward") return 1400;
  return received(graph, now.done, graph.uses[now.moment.use].operand).length > 1 ? 4500 : 2400;
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
  const usual = Object.fromEntries(graph.leaves.map(({ label, value }) => [label, value]));
  Object.assign(state, { graph, leaves: usual, depthFirst, run: run(graph, usual, depthFirst), question: false, verdict: "" });
  state.step = Math.min(step ?? lastStep(graph), lastStep(graph));
  find("depth-first").checked = depthFirst;
  find("depth-first").disabled = Boolean(graph.given) || !graph.result;
  find("note").textContent = graph.note;
  buildLeaves(graph);
  complain("");
  if (Object.keys(leaves).length) tryLeaves({ ...usual, ...leaves });
  else render();
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
  const graph = graphs.find(({ key }) => key === [...given.keys()][0]) ?? graphs[0];
  const step = /^\d+$/.test(given.get("step")) ? Number(given.get("step")) : null;
  const leaves = {};
  for (const { label } of graph.leaves) {
    const value = RESERVED.includes(label) ? null : given.get(label);
    if (value && Number.isFinite(Number(value))) leaves[label] = Number(value);
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
  const changed = graph.leaves.filter(({ label, value }) => leaves[label] !== value && !RESERVED.includes(label));
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
find("predict").addEventListener("change", () => goByHand(state.step));
find("question").addEventListener("submit", answer);
document.addEventListener("keydown", press);
if (frame) settle();
else window.addEventListener("hashchange", readAddress);
readAddress();
if (frame) for (const image of frame.parentElement.querySelectorAll(":scope > img")) image.hidden = true;
