// What rate and momentum do: the same two numbers on a curve with two valleys, and in a ravine.
const page = livePage(settings), style = { stroke: settings.color, "stroke-width": 1.2 };
const [valleys, ravine] = [0, 1].map(number => {
  const axes = page.axes(number);
  return { line: axes.line(style, true), start: axes.mark("start"), end: axes.mark("end") };
});
const rate = page.slider("learning rate η", settings.rates, settings.start[0]);
const beta = page.slider("momentum β", settings.betas, settings.start[1]);

// The height of the curve at w, between the two numbers of its table around it.
function height(w) {
  const { low, high, heights } = settings.curve, t = (w - low) / (high - low) * (heights.length - 1);
  const i = Math.min(Math.max(Math.floor(t), 0), heights.length - 2);
  return heights[i] + (t - i) * (heights[i + 1] - heights[i]);
}

// Draw a path up to its first point that is not `near`; the number of that step, or none.
function show({ line, start, end }, path, near, place) {
  const gone = path.findIndex(point => !near(point)), points = (gone < 0 ? path : path.slice(0, gone)).map(place);
  line.move(points);
  start.move(...points[0]);
  if (gone < 0) end.move(...points[points.length - 1]);
  else end.hide();
  return gone < 0 ? null : gone;
}

page.update = () => {
  const run = settings.runs[beta.at][rate.at], { low, high } = settings.curve;
  const left = show(valleys, run.valleys, w => w !== null && w >= low && w <= high, w => [w, height(w)]);
  const lost = show(ravine, run.ravine, w => w.every(each => each !== null && Math.abs(each) < 50), w => w);
  const valley = left === null ? `ends at w = ${page.short(run.valleys[run.valleys.length - 1])}` : `leaves the picture in step ${left}`;
  page.say(`Two valleys: ${valley}. Ravine: ${lost === null ? `J = ${page.short(run.J)} after 60 steps` : `flies off in step ${lost}`}.`);
};
page.update();
