/** A little SVG: elements as strings, text and attributes escaped, coordinates to a hundredth so that files compare. */

export type Attributes = Readonly<Record<string, string | number>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

export function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => entities[letter]);
}

function formatNumber(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** An element with `children`, which are elements or escaped text. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes).map(
    ([key, value]) =>
      ` ${key}="${typeof value === 'number' ? formatNumber(value) : escapeText(value)}"`,
  );
  const open = `<${name}${written.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

export type Point = readonly [x: number, y: number];

/** The `points` attribute of a polyline or polygon. */
export function pointList(points: readonly Point[]): string {
  return points.map(([x, y]) => `${formatNumber(x)},${formatNumber(y)}`).join(' ');
}

/** A drawing on a white ground, readable in light and dark pages alike. */
export function drawing(width: number, height: number, title: string, parts: string[]): string {
  const ground = element('rect', { width, height, fill: '#ffffff', rx: 6 });
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'font-family': 'system-ui, sans-serif',
    'font-size': 12,
    fill: '#222222',
  };
  const children = [element('title', {}, escapeText(title)), ground, ...parts];
  return `${element('svg', attributes, `\n${children.join('\n')}\n`)}\n`;
}
