// Weights and bias of a perceptron by hand: the line moves, and the accuracy counts.
const page = livePage(settings), plane = page.axes(0), COLUMNS = 120, ROWS = 90;
const shading = plane.shading(COLUMNS, ROWS), line = plane.line(), [[x0, x1], [y0, y1]] = settings.limits;
const show = value => value.toFixed(1);
const [w1, w2, b] = ["w1", "w2", "b"].map(name => page.slider(name, settings.values[name], settings.start[name], show));

page.update = () => {
  const z = (x, y) => w1.value * x + w2.value * y + b.value;
  const at = (i, n, low, high) => low + (i + 0.5) / n * (high - low);
  shading.by((row, column) => 1 / (1 + Math.exp(-z(at(column, COLUMNS, x0, x1), at(row, ROWS, y1, y0)))));
  line.move(page.zeroLine(w1.value, w2.value, b.value, 2 * (x1 - x0 + y1 - y0)));
  const right = settings.points.filter(([x, y, label]) => (z(x, y) > 0) === (label === 1)).length;
  page.say(`w = [${show(w1.value)}, ${show(w2.value)}], b = ${show(b.value)}: accuracy ${(100 * right / settings.points.length).toFixed(1)} %`);
};
page.update();
