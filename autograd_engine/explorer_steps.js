// What happens when both passes over a graph are watched: numbers, steps, and what is said of each. Nothing here touches the page.
//
// A graph is what explorer.py says of it, with `rules`: its forward formulas and contributions as functions of {label: value} and
// {label: adjoint}, printed by Python from the rules of the operations. No rule is written here.

// ------------------------------------------------------------------------------------------------------------ numbers and words

// As in a drawing: at most six decimals, integers in full, a power of ten for what is large or small. Arrays come as text.
function shown(x) {
  if (typeof x === "string") return x;
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "undefined" : x < 0 ? "−∞" : "∞";
  const sign = x < 0 ? "−" : "";
  const size = Math.abs(x);
  if (Number.isInteger(x) && size < 1e15 && Number(size.toPrecision(6)) !== size) return sign + size;
  if (size !== 0 && (Number(size.toPrecision(6)) < 1e-4 || size >= 999999.5)) {
    const [decimals, exponent] = size.toExponential(5).split("e");
    return `${sign}${Number(decimals)}·10${raised(Number(exponent))}`;
  }
  const rounded = String(Number(size < 10 ? size.toFixed(6) : size.toPrecision(7)));
  return rounded === "0" ? "0" : sign + rounded;
}

function raised(exponent) {
  return String(exponent).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

function lowered(digits) {
  return digits.replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}

// t₃ of t3 and w₀ of w_0; of a word the whole.
function name(label) {
  const match = /^([A-Za-z])_?(\d*)$/.exec(label);
  return match ? match[1] + lowered(match[2]) : label;
}

function counted(count, word) {
  return count === 1 ? `one ${word}` : count === 2 ? `both ${word}s` : `all ${count} ${word}s`;
}

// --------------------------------------------------------------------------------------------------------------- the two sweeps

// Thrown where a rule gives no finite number. `use` is null in the forward pass.
class Undefined extends Error {
  constructor(label, value, use = null) {
    super();
    Object.assign(this, { label, value, use });
  }
}

function sweepForward(graph, leaves) {
  const value = Object.assign(Object.create(null), leaves);
  for (const [label, rule] of Object.entries(graph.rules.forward)) {
    value[label] = rule(value);
    if (!Number.isFinite(value[label])) throw new Undefined(label, value);
  }
  return value;
}

// What happens in the backward pass, one contribution after the other: {use, contribution, partial, from, sum}, where `from` is
// what the user's adjoint was and `sum` what the operand's has become.
function sweepBackward(graph, value, order) {
  const adjoint = Object.assign(Object.create(null), { [graph.result]: graph.seed });
  return order.map((use) => {
    const { user, operand } = graph.uses[use];
    const contribution = graph.rules.contributions[use](value, adjoint);
    const sum = operand in adjoint ? adjoint[operand] + contribution : contribution;
    if (!Number.isFinite(sum)) throw new Undefined(user, value, use);
    adjoint[operand] = sum;
    return { use, contribution, partial: graph.rules.partials[use](value), from: adjoint[user], sum };
  });
}

// The order of a node that hands on its adjoint as soon as it has received anything.
function depthFirstOrder(graph) {
  const order = [], visited = new Set();
  function visit(user) {
    if (visited.has(user)) return;
    visited.add(user);
    for (const use of graph.users.get(user) ?? []) {
      order.push(use);
      visit(graph.uses[use].operand);
    }
  }
  visit(graph.result);
  return order;
}

function centralDifference(graph, leaves, label) {
  const h = 6e-6 * Math.max(0.01, Math.abs(leaves[label]));
  try {
    const [above, below] = [h, -h].map((d) => sweepForward(graph, { ...leaves, [label]: leaves[label] + d })[graph.result]);
    return (graph.seed * (above - below)) / (2 * h);
  } catch {
    return null; // too near to the edge of the domain
  }
}

// Everything that a page shows of a graph for these values of its leaves. Throws Undefined.
function run(graph, leaves, depthFirst) {
  if (graph.given) return graph.given;
  const value = sweepForward(graph, leaves);
  const moments = sweepBackward(graph, value, graph.uses.map((_, use) => use));
  const differences = {};
  const variables = graph.result ? graph.leaves.filter((leaf) => leaf.variable) : [];
  for (const { label } of variables) differences[label] = centralDifference(graph, leaves, label);
  if (!depthFirst) return { value, moments, differences };
  const right = Object.fromEntries(moments.map(({ use, sum }) => [graph.uses[use].operand, sum]));
  return { value, moments: sweepBackward(graph, value, depthFirstOrder(graph)), differences, right };
}

// ------------------------------------------------------------------------------------------------------------ what is there when

// The steps: the leaves are given; each operation; the result's own adjoint; each contribution; all of it.
function lastStep(graph) {
  return graph.operations.length + (graph.result ? 1 + graph.uses.length : 0) + 1;
}

function situation(graph, { value, moments }, step) {
  const forwardSteps = graph.operations.length;
  const done = graph.result ? Math.max(0, Math.min(step - forwardSteps - 1, moments.length)) : 0;
  const now = { kind: "given", done: moments.slice(0, done), adjoint: Object.create(null), known: new Set(), label: null, moment: null };
  for (const node of graph.nodes) if (node.leaf) now.known.add(node.label);
  for (const node of graph.operations.slice(0, step)) now.known.add(node.label);
  if (graph.result && step > forwardSteps) {
    for (const label of graph.unreached) now.adjoint[label] = 0;
    now.adjoint[graph.result] = graph.seed;
  }
  for (const moment of now.done) now.adjoint[graph.uses[moment.use].operand] = moment.sum;
  if (step === lastStep(graph)) now.kind = "done";
  else if (step > forwardSteps + 1) Object.assign(now, { kind: "backward", moment: moments[done - 1] });
  else if (step > forwardSteps) Object.assign(now, { kind: "seed", label: graph.result });
  else if (step > 0) Object.assign(now, { kind: "forward", label: graph.operations[step - 1].label });
  return { ...now, value };
}

// Contributions to the adjoint of a node, of these moments.
function received(graph, moments, label) {
  return moments.filter((moment) => graph.uses[moment.use].operand === label);
}

// Whether the operand has handed on its adjoint before the last of these moments.
function isLate(graph, moments) {
  const { operand } = graph.uses[moments.at(-1).use];
  return moments.some(({ use }) => graph.uses[use].user === operand);
}

function lateMoments(graph, now) {
  return now.done.filter((_, i) => isLate(graph, now.done.slice(0, i + 1)));
}

function sumInWords(moments) {
  const terms = moments.map(({ contribution }) => shown(contribution));
  return terms.length > 1 ? `${terms.join(" + ").replaceAll("+ −", "− ")} = ${shown(moments.at(-1).sum)}` : terms[0];
}

// What happens in this step, in a sentence or two.
function words(graph, run, now) {
  if (now.kind === "given") return "The leaves are given. Now every operation is computed from its operands, towards the result.";
  if (now.kind === "forward") return `Forward: ${graph.byLabel.get(now.label).words} = ${shown(now.value[now.label])}.`;
  if (now.kind === "seed") return `Backward: the pass begins at the result, ${name(graph.result)}, whose own adjoint is ${shown(graph.seed)}.`;
  if (now.kind === "backward") return contributionInWords(graph, run, now);
  return ending(graph, run, now);
}

function contributionInWords(graph, run, now) {
  const { use, contribution, partial, from } = now.moment;
  const { user, operand } = graph.uses[use];
  const factors = partial === undefined ? "" : `${shown(from)} · ${guarded(shown(partial))} = `;
  const handed = `Backward: ${name(user)} hands ${factors}${shown(contribution)} back to ${name(operand)}`;
  if (isLate(graph, now.done)) return `${handed}. Too late: ${name(operand)} has handed on its adjoint already, without this.`;
  const [so, all] = [now.done, run.moments].map((moments) => received(graph, moments, operand));
  if (all.length === 1) return `${handed}.`;
  if (so.length < all.length) return `${handed}, which now has ${so.length} of its ${all.length} contributions.`;
  return `${handed}, which now has ${counted(all.length, "contribution")}. They add up: ${sumInWords(so)}.`;
}

function ending(graph, run, now) {
  if (!graph.result) return `The forward pass is over. There is no backward pass: ${graph.reason}.`;
  const wrong = graph.leaves.find(({ label }) => label in (run.right ?? {}) && !agree(now.adjoint[label], run.right[label], 1e-9));
  if (wrong) return wrongEnding(graph, run, now, wrong.label);
  const counts = graph.nodes.map(({ label }) => received(graph, run.moments, label));
  const most = counts.reduce((x, y) => (y.length > x.length ? y : x), []);
  const lesson = "Both passes are done. The adjoint of a node (red, with a bar) is the derivative of the result with respect to it.";
  if (most.length < 2) return lesson;
  const { operand } = graph.uses[most[0].use];
  return `${lesson} ${name(operand)} is used ${most.length === 2 ? "twice" : `${most.length} times`}, so its contributions add up: ${sumInWords(most)}.`;
}

// The wrong number, and the first node that handed on too little.
function wrongEnding(graph, run, now, label) {
  const { operand } = graph.uses[lateMoments(graph, now)[0].use];
  const { from } = now.done.find(({ use }) => graph.uses[use].user === operand);
  const [got, due] = [now.adjoint[label], run.right[label]].map(shown);
  return (
    `Wrong: the adjoint of ${name(label)} is ${got} here, and should be ${due}. ${name(operand)} handed on ${shown(from)} before it had all of ` +
    `${shown(now.adjoint[operand])}: what came too late (dotted) never went on.`
  );
}

function agree(x, y, error) {
  return Math.abs(x - y) <= error * Math.max(1, Math.abs(x), Math.abs(y));
}

function guarded(number) {
  return /^−|·/.test(number) ? `(${number})` : number;
}
