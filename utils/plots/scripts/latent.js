// A place on the plane of codes, by slider or by dragging, and what the student's own decoder paints from it.
const page = livePage(settings), [plane, frame] = [0, 1].map(page.axes), { values, points, side } = settings;
const layers = settings.layers.map(layer => Object.fromEntries(Object.entries(layer).map(([key, value]) =>
  [key, ["W", "b", "by", "plus"].includes(key) ? new Float32Array(page.bytes(value).buffer) : value])));
const pen = frame.canvas(side, side, "image-rendering:pixelated").getContext("2d"), place = plane.mark("you");
const show = value => value.toFixed(1);
const [z1, z2] = settings.start.map((at, i) => page.slider(`z${i + 1}`, values, at, show));
plane.dragged((x, y) => { z1.nearest(x); z2.nearest(y); page.update(); });

page.box.read = z => forward(layers, z, 1, 2);

page.update = () => {
  const data = pen.createImageData(side, side);
  page.box.read([z1.value, z2.value]).forEach((x, i) => {
    const gray = 255 * Math.min(Math.max(x, 0), 1);
    data.data.set([gray, gray, gray, 255], 4 * i);
  });
  pen.putImageData(data, 0, 0);
  place.move(z1.value, z2.value);
  const far = ([x, y]) => Math.hypot(x - z1.value, y - z2.value);
  const nearest = points.reduce((best, each) => far(each) < far(best) ? each : best);
  page.say(`z = (${show(z1.value)}, ${show(z2.value)}): the nearest code, ${far(nearest).toFixed(1)} away, is that of a ${nearest[2]}.`);
};
page.update();
