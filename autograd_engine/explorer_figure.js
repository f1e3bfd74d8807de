// The figure, an SVG that Python has laid out, in which numbers and what is lit change from step to step; beside it the formula.

// A number takes the place of the one that Python has typeset, behind the last equals sign if there is one. In a box the line is
// kept in the middle, by the usual width of a digit.
class Slot {
  constructor(line, middle = null) {
    const texts = [...line.querySelectorAll("text")];
    const equals = texts.findLast((text) => text.textContent === "=");
    const kept = equals ? [...line.children].slice(0, [...line.children].indexOf(equals) + 1) : [];
    const start = Number(texts[0].getAttribute("x"));
    const x = equals ? Number(equals.getAttribute("x")) + 9 : (middle ?? start - (DIGIT * texts[0].textContent.length) / 2);
    this.line = line;
    this.aside = equals && middle !== null ? 2 * middle - start - x : null;
    this.text = make("text", "", SVG);
    for (const name of ["class", "y"]) this.text.setAttribute(name, (equals ?? texts[0]).getAttribute(name));
    this.text.setAttribute("x", x);
    this.text.setAttribute("text-anchor", equals || middle === null ? "start" : "middle");
    line.replaceChildren(...kept, this.text);
  }

  show(text) {
    this.line.classList.toggle("hidden", text === "");
    if (this.text.textContent === text) return;
    this.text.textContent = text;
    if (this.aside !== null) this.line.setAttribute("transform", `translate(${(this.aside - DIGIT * text.length) / 2}, 0)`);
  }
}

const SVG = "http://www.w3.org/2000/svg", MATHML = "http://www.w3.org/1998/Math/MathML", DIGIT = 7.4;

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
    this.element = element;
    this.label = element.querySelector("g");
    this.partial = this.label && new Slot(this.label);
  }

  // With the local derivative, once its contribution has been made. Those of graphs with arrays stay as they are.
  show(moment, classes) {
    if (moment?.partial !== undefined) this.partial.show(shown(moment.partial));
    this.label?.classList.toggle("hidden", !moment);
    setClasses(this.element, classes);
  }
}

function setClasses(element, classes) {
  const wanted = Object.entries(classes).filter(([, isOn]) => isOn).map(([name]) => name).join(" ");
  if (element.getAttribute("class") !== wanted) element.setAttribute("class", wanted);
}

function make(tag, text = "", namespace = null) {
  const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
  element.textContent = text;
  return element;
}

// The boxes and edges of a figure, by label and by user and place.
function parts(section) {
  const boxes = [...section.querySelectorAll("[data-node]")].map((element) => [element.dataset.node, new Box(element)]);
  const edges = [...section.querySelectorAll("[data-edge]")].map((element) => [edgeKey(element), new Edge(element)]);
  return { boxes: new Map(boxes), edges: new Map(edges) };
}

function edgeKey({ dataset }) {
  return `${dataset.edge.split(" ")[1]} ${dataset.place}`;
}

function useKey({ user, place }) {
  return `${user} ${place}`;
}

function renderFigure(graph, run, now) {
  renderBoxes(graph, now);
  renderEdges(graph, run, now);
  const values = graph.nodes.filter(({ label }) => now.known.has(label)).map(({ label, words }) => `${words}: ${shown(now.value[label])}`);
  graph.section.querySelector("svg").setAttribute("aria-label", `Computation graph: ${values.join("; ")}`);
  requestAnimationFrame(() => scrollTo(graph.section, ".now[data-node]")); // a step does not wait for the layout of the page
}

function renderBoxes(graph, now) {
  const { user, operand } = now.moment ? graph.uses[now.moment.use] : {};
  for (const { label } of graph.nodes) {
    const isKnown = now.known.has(label), isBackward = now.kind === "backward" || now.kind === "seed";
    const classes = { now: label === now.label || label === operand, giver: label === user, back: isBackward, todo: !isKnown };
    graph.boxes.get(label).show(isKnown ? now.value[label] : undefined, now.adjoint[label], classes);
  }
}

function renderEdges(graph, run, now) {
  const made = new Map(now.done.map((moment) => [useKey(graph.uses[moment.use]), moment]));
  const late = new Set(run.right ? lateMoments(graph, now).map(({ use }) => useKey(graph.uses[use])) : []);
  const present = now.moment && useKey(graph.uses[now.moment.use]);
  for (const [key, edge] of graph.edges) {
    const isForward = now.kind === "forward" && key.startsWith(`${now.label} `), isBackward = key === present;
    edge.show(made.get(key), { now: isForward || isBackward, back: isBackward, late: late.has(key) });
  }
}

// Scrolls within the section, if it has to, to what the selector finds there.
function scrollTo(section, selector) {
  const box = section.querySelector(selector);
  if (!box) return;
  const outer = section.getBoundingClientRect(), inner = box.getBoundingClientRect();
  const isBeside = inner.left < outer.left || inner.right > outer.right, isAbove = inner.top < outer.top || inner.bottom > outer.bottom;
  if (isBeside) section.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
  if (isAbove) section.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
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
