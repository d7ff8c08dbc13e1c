// How a model's regions form: a frame for each look at its weights.
const page = livePage(settings), plane = page.axes(0), shading = plane.shading(), frames = settings.frames.map(page.bytes);
const frame = page.player(settings.label, settings.names, 170);
settings.marks.forEach(([x, y]) => plane.mark("you").move(x, y));

page.update = () => {
  shading.grid(frames[frame.at], settings.size);
  page.say(settings.words[frame.at]);
};
page.update();
