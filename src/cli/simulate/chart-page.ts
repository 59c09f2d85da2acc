/** A page with nothing on it but the chart. */
export function chartHtml(svg: string): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<title>sluice simulate</title>',
    '<style>body{margin:0 auto;max-width:1100px;padding:1rem}svg{width:100%;height:auto}</style>',
    svg,
    '</html>',
    '',
  ].join('\n')
}
