// A kernel of one's own over an image: nine numbers, and the map that they make.
const page = livePage(settings), [left, right] = [0, 1].map(page.axes), names = Object.keys(settings.images);
const canvases = [left, right].map(axes => axes.canvas(1, 1, "image-rendering:pixelated"));
let kernel = settings.kernels[Object.keys(settings.kernels)[0]].map(row => [...row]), image = settings.images[names[0]];

const grid = page.element("div", page.controls, { style: "display:grid; grid-template-columns:repeat(3, 4.2em); gap:3px" });
const inputs = kernel.map((row, i) => row.map((_, j) => {
  const input = page.element("input", grid, { type: "number", step: "any", "aria-label": `row ${i}, column ${j} of the kernel`, style: "width:4em" });
  input.oninput = () => { kernel[i][j] = Number(input.value) || 0; page.update(); };
  return input;
}));
const choices = page.element("div", page.controls, { style: "display:flex; flex-wrap:wrap; gap:4px; max-width:420px" });
for (const [name, values] of Object.entries(settings.kernels)) {
  page.button(name, () => { kernel = values.map(row => [...row]); fill(); page.update(); }, choices);
}
for (const name of names) page.button(name, () => { image = settings.images[name]; page.update(); }, choices);
const fill = () => inputs.forEach((row, i) => row.forEach((input, j) => { input.value = page.short(kernel[i][j]); }));

function convolve(X) {
  return Array.from({ length: X.length - 2 }, (_, i) => Array.from({ length: X[0].length - 2 }, (_, j) =>
    kernel.reduce((sum, row, a) => row.reduce((s, k, b) => s + k * X[i + a][j + b], sum), 0)));
}

// Paint numbers as pixels: color(number) gives red, green and blue.
function paint(canvas, X, color) {
  [canvas.width, canvas.height] = [X[0].length, X.length];
  const pen = canvas.getContext("2d"), pixels = pen.createImageData(canvas.width, canvas.height);
  X.flat().forEach((number, i) => pixels.data.set([...color(number), 255], 4 * i));
  pen.putImageData(pixels, 0, 0);
}

page.update = () => {
  const map = convolve(image), numbers = map.flat(), low = Math.min(...numbers), high = Math.max(...numbers);
  const largest = Math.max(-low, high) || 1, [below, above] = settings.colors;
  const signed = z => (z < 0 ? below : above).map(c => 255 + Math.abs(z) / largest * (c - 255));
  paint(canvases[0], image, x => Array(3).fill(255 * x));
  paint(canvases[1], map, signed);
  page.say(`map of ${map.length} × ${map[0].length}: from ${page.short(low)} to ${page.short(high)}`);
};
fill();
page.update();
