// Training with a penalty and with dropout, computed beforehand: the regions after it, and the two losses on the way.
const page = livePage(settings), [plane, losses] = [0, 1].map(page.axes), shading = plane.shading();
const [training, validation] = ["none", "8 4"].map(dash => losses.line({ stroke: settings.color, "stroke-dasharray": dash }));
const penalty = page.slider("penalty λ", settings.penalties, 0), rate = page.slider("dropout rate", settings.rates, 0);

page.update = () => {
  const run = settings.runs[penalty.at][rate.at], last = numbers => numbers[numbers.length - 1];
  shading.grid(page.bytes(run.regions), settings.size);
  training.move(run.training.map((J, i) => [settings.epochs[i], J]));
  validation.move(run.validation.map((J, i) => [settings.epochs[i], J]));
  page.say(`λ = ${penalty.value}, dropout rate ${rate.value}: at the end, training loss ${page.short(last(run.training))}, ` +
    `validation loss ${page.short(last(run.validation))}`);
};
page.update();
