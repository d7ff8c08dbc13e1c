// A place to draw a digit, and what the student's own network reads.
const page = livePage(settings), [paper, seen, bars] = [0, 1, 2].map(page.axes), SIZE = 280, NIB = settings.nib;
const floats = text => new Float32Array(page.bytes(text).buffer);
const layers = settings.layers.map(layer => Object.fromEntries(Object.entries(layer).map(([key, value]) =>
  [key, ["W", "b", "by", "plus"].includes(key) ? floats(value) : value])));
const canvas = paper.canvas(SIZE, SIZE, ""), pixels = seen.canvas(8, 8, "image-rendering:pixelated"), pen = canvas.getContext("2d");
const chances = Array.from({ length: 10 }, () => bars.rectangle({ fill: settings.color, stroke: "none" }));
let strokes = [], cursor = [0.5, 0.5], down = false, image = settings.digits[0].image, shown = 0;

// Draw all strokes on a square, after scaling: from places between 0 and 1 to pixels.
function draw(pen, size, place, thick) {
  pen.fillStyle = "black";
  pen.fillRect(0, 0, size, size);
  Object.assign(pen, { strokeStyle: "white", fillStyle: "white", lineWidth: thick, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    pen.beginPath();
    stroke.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...place(point)));
    if (stroke.length === 1) pen.lineTo(...place(stroke[0]));
    pen.stroke();
  }
}

// As the data were made: the digit fills a square of 32 × 32 dots, and each of the 8 × 8 pixels is the ink of 4 × 4 of them.
function small() {
  const points = strokes.flat(), [xs, ys] = [0, 1].map(k => points.map(point => point[k]));
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const scale = Math.min((32 - NIB) / Math.max(bottom - top, 0.05), (24 - NIB) / Math.max(right - left, 0.05));
  const dots = document.createElement("canvas");
  dots.width = dots.height = 32;
  const ink = dots.getContext("2d");
  draw(ink, 32, ([x, y]) => [16 + (x - (left + right) / 2) * scale, 16 + (y - (top + bottom) / 2) * scale], NIB);
  const data = ink.getImageData(0, 0, 32, 32).data;
  return Array.from({ length: 64 }, (_, i) => {
    let sum = 0;
    for (let a = 0; a < 4; a++) for (let b = 0; b < 4; b++) sum += data[4 * ((Math.floor(i / 8) * 4 + a) * 32 + i % 8 * 4 + b)];
    return sum / 255 / 16;
  });
}

function paint(canvas, image) {
  const pen = canvas.getContext("2d"), data = pen.createImageData(8, 8);
  image.forEach((x, i) => data.data.set([255 * x, 255 * x, 255 * x, 255], 4 * i));
  pen.putImageData(data, 0, 0);
}

page.box.read = image => forward(layers, image, 8, 8);

page.update = () => {
  if (strokes.length) image = small();
  draw(pen, SIZE, ([x, y]) => [x * SIZE, y * SIZE], SIZE / 9);
  if (!strokes.length) [...image].forEach((x, i) => {
    pen.fillStyle = `rgb(${[x, x, x].map(v => Math.round(255 * v))})`;
    pen.fillRect(i % 8 * SIZE / 8, Math.floor(i / 8) * SIZE / 8, SIZE / 8, SIZE / 8);
  });
  if (document.activeElement === sheet) {
    pen.strokeStyle = settings.color;
    pen.lineWidth = 3;
    pen.strokeRect(cursor[0] * SIZE - 8, cursor[1] * SIZE - 8, 16, 16);
  }
  paint(pixels, image);
  const outputs = page.box.read(image), probabilities = settings.logits ? softmax(outputs) : outputs;
  probabilities.forEach((p, digit) => chances[digit].move(0, digit - 0.35, p, digit + 0.35));
  const best = probabilities.indexOf(Math.max(...probabilities)), sure = `${best}, ${Math.round(100 * probabilities[best])} % sure`;
  if (strokes.length) page.say(`Your network reads your digit as ${sure}.`);
  else page.say(shown < 0 ? "Draw a digit." : `Your network reads a ${settings.digits[shown].label} as ${sure}. Draw one yourself.`);
};

// By mouse or finger; or by keyboard: arrows move the pen, the space bar puts it down and lifts it.
const sheet = paper.dragged((x, y, event) => {
  cursor = [x, y];
  if (event.type === "pointerdown") strokes.push([]);
  strokes[strokes.length - 1].push([x, y]);
  page.update();
});
sheet.setAttribute("tabindex", "0");
sheet.setAttribute("role", "application");
sheet.setAttribute("aria-label", "a place to draw: arrow keys move the pen, the space bar puts it down and lifts it");
sheet.onfocus = sheet.onblur = () => page.update();
sheet.onkeydown = event => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step && event.key !== " ") return;
  event.preventDefault();
  event.stopPropagation();
  if (step) cursor = cursor.map((at, k) => Math.min(Math.max(at + 0.04 * step[k], 0.05), 0.95));
  else if (!(down = !down)) return page.update();
  else strokes.push([]);
  if (down) strokes[strokes.length - 1].push([...cursor]);
  page.update();
};
page.button("clear", () => { strokes = []; down = false; shown = -1; image = Array(64).fill(0); page.update(); });
page.button("a digit of the test set", () => {
  strokes = [];
  shown = (shown + 1) % settings.digits.length;
  image = settings.digits[shown].image;
  page.update();
});
page.update();
