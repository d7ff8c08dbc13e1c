// Optimizers on their way over a map, all at the same step.
const page = livePage(settings), map = page.axes(0);
const runners = settings.paths.map(({ points, color, dash }) => [
  points, map.line({ stroke: color, "stroke-dasharray": dash }), map.mark("dot", { fill: color, stroke: "white", transform: "" }),
]);
const step = page.player("step", settings.steps, 170);

page.update = () => {
  const words = runners.map(([points, line, head], i) => {
    const last = Math.min(step.value, points.length - 1);
    line.move(points.slice(0, last + 1));
    head.move(...points[last]);
    return `${settings.paths[i].name} ${page.short(settings.paths[i].heights[last])}`;
  });
  page.say(`step ${step.value}, J: ${words.join(", ")}`);
};
page.update();
