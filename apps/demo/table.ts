import type { Scene } from './story.js';

const headings = ['sent', 'came back', 'refused after the answer', 'after sending'] as const;

/** The scenes as lines of an aligned table, headings first; a scene that did not go as it should is marked. */
export function tableOf(scenes: readonly Scene[]): string[] {
  const rows = [headings, ...scenes.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('   '));
  return lines.map((line, index) => {
    const scene = scenes[index - 1];
    return scene?.asItShould === false ? `${line}   <- not as it should be` : line.trimEnd();
  });
}

function cellsOf({ sent, cameBack, refusal }: Scene): string[] {
  return [sent, cameBack, ...(refusal ? [ms(refusal.afterAnswerMs), ms(refusal.afterSendingMs)] : ['', ''])];
}

function ms(time: number | null): string {
  return time === null ? 'never' : `${time.toFixed(1)} ms`;
}

/** Words to the left, figures to the right. */
function pad(cell: string, width: number, column: number): string {
  return column < 2 ? cell.padEnd(width) : cell.padStart(width);
}
