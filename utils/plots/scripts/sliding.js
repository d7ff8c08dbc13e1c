// A kernel slides over an image, and fills its map number by number.
const page = livePage(settings), plane = page.axes(0), { map, colors, kernel, corner } = settings;
const [rows, columns] = [map.length, map[0].length], orange = { stroke: settings.color, "stroke-width": 3 };
const cells = map.flatMap((row, i) => row.map((_, j) => {
  const cell = plane.rectangle({ stroke: "none" });
  cell.move(corner[0] + j, corner[1] + i, corner[0] + j + 1, corner[1] + i + 1);
  return cell;
}));
const [window_, place] = [plane.rectangle(orange), plane.rectangle(orange)];
const names = cells.map((_, i) => i + 1), frame = page.player("place", names, 150);

page.update = () => {
  const [i, j] = [Math.floor(frame.at / columns), frame.at % columns];
  cells.forEach((cell, k) => cell.fill(k <= frame.at ? colors[k] : "none"));
  window_.move(j, i, j + kernel[1], i + kernel[0]);
  place.move(corner[0] + j, corner[1] + i, corner[0] + j + 1, corner[1] + i + 1);
  page.say(`row ${i}, column ${j}: ${page.short(map[i][j])}`);
};
page.update();
