// Where a model stands on its loss: two weights by slider, or by dragging on the map.
const page = livePage(settings), [, map, plane] = [0, 1, 2].map(page.axes), { values, J, b } = settings;
map.mark("lowest").move(...settings.lowest);
const model = map.mark("start"), line = plane.line();
const show = value => value.toFixed(2);
const [w1, w2] = settings.start.map((at, i) => page.slider(`w${i + 1}`, values, at, show));
map.dragged((x, y) => { w1.nearest(x); w2.nearest(y); page.update(); });

page.update = () => {
  model.move(w1.value, w2.value);
  line.move(page.zeroLine(w1.value, w2.value, b, settings.far));
  page.say(`w1 = ${show(w1.value)}, w2 = ${show(w2.value)}: loss J = ${page.short(J[w2.at][w1.at])}`);
};
page.update();
