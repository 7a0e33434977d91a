// Charts drawn as SVG, each with a table behind it for those who would rather read or cannot see it.
import { type PointerEvent, useState } from "react";

import { brief, count } from "../format";
import { t } from "../texts";
import { useWidth } from "./width";

export interface Series {
  key: string;
  label: string;
  colour: string;
  kind?: "bar" | "line";
}

export interface Point {
  at: string;
  label: string;
  values: Record<string, number>;
}

// 1, 2 or 5 times a power of ten, so that the marks are numbers people use.
function marks(most: number): number[] {
  if (most <= 0) return [0, 1];
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough);
  const all = [];
  for (let at = 0; at < most + step; at += step) all.push(at);
  return all;
}

export function TimeChart({ title, points, series, height = 200, table = true }: { title: string; points: Point[]; series: Series[]; height?: number; table?: boolean }) {
  const [element, found] = useWidth();
  const width = Math.max(240, found);
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const most = Math.max(0, ...points.flatMap((point) => series.map((one) => point.values[one.key] ?? 0)));
  const scale = marks(most);
  const top = scale.at(-1) ?? 1;
  const left = 38;
  const bottom = 22;
  const inner = { width: width - left - 4, height: height - bottom - 6 };
  const step = inner.width / Math.max(1, points.length);
  const x = (index: number) => left + step * (index + 0.5);
  const y = (value: number) => 6 + inner.height * (1 - value / top);
  const lines = series.filter((one) => one.kind !== "bar");
  const bars = series.filter((one) => one.kind === "bar");
  const every = Math.max(1, Math.ceil(points.length / Math.max(2, Math.floor(inner.width / 76))));
  const move = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const index = Math.floor((event.clientX - box.left - left) / step);
    setAt(index >= 0 && index < points.length ? index : null);
  };
  const shown = at !== null ? points[at] : undefined;
  return (
    <figure className="stack tight" aria-label={title}>
      <div className="row between wraps">
        <div className="legend">{series.map((one) => <span key={one.key}><i className="swatch" style={{ "--mark": one.colour } as React.CSSProperties} />{one.label}</span>)}</div>
        {table && <button type="button" className="link-button tiny" aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>{asTable ? t("Show as chart") : t("Show as table")}</button>}
      </div>
      {asTable ? (
        <div className="table-wrap" style={{ maxHeight: 320 }} tabIndex={0} role="region" aria-label={title}>
          <table className="table compact">
            <thead><tr><th>{t("When")}</th>{series.map((one) => <th key={one.key} className="right">{one.label}</th>)}</tr></thead>
            <tbody>{points.map((point) => <tr key={point.at}><td>{point.label}</td>{series.map((one) => <td key={one.key} className="right number">{count(point.values[one.key] ?? 0)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      ) : (
        <div className="chart" ref={element}>
          <svg height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title} onPointerMove={move} onPointerLeave={() => setAt(null)}>
            {scale.map((mark) => (
              <g key={mark}>
                <line className="gridline" x1={left} x2={width} y1={y(mark)} y2={y(mark)} />
                <text x={left - 8} y={y(mark) + 4} textAnchor="end">{brief(mark)}</text>
              </g>
            ))}
            {points.map((point, index) => index % every === 0 && <text key={point.at} x={x(index)} y={height - 4} textAnchor="middle">{point.label}</text>)}
            {at !== null && <rect x={left + step * at} y={6} width={step} height={inner.height} fill="var(--hover)" />}
            {bars.map((one, order) => points.map((point, index) => {
              const value = point.values[one.key] ?? 0;
              const wide = Math.min(26, (step * 0.7) / bars.length);
              return value > 0 && <rect key={one.key + point.at} x={x(index) - (wide * bars.length) / 2 + wide * order} y={y(value)} width={wide} height={Math.max(1, y(0) - y(value))} rx={Math.min(3, wide / 3)} fill={one.colour} />;
            }))}
            {lines.map((one) => <polyline key={one.key} fill="none" stroke={one.colour} strokeWidth={2} strokeLinejoin="round" strokeLinecap="round" points={points.map((point, index) => `${x(index)},${y(point.values[one.key] ?? 0)}`).join(" ")} />)}
            {at !== null && lines.map((one) => <circle key={one.key} cx={x(at)} cy={y(points[at]?.values[one.key] ?? 0)} r={3.5} fill={one.colour} stroke="var(--raised)" strokeWidth={2} />)}
          </svg>
          {shown && at !== null && (
            <div className="chart-tip" style={{ top: 0, ...(at > points.length / 2 ? { right: width - x(at) + 12 } : { left: x(at) + 12 }) }}>
              <div className="strong">{shown.label}</div>
              {series.map((one) => <div key={one.key} className="row"><span className="row tight"><i className="swatch" style={{ "--mark": one.colour } as React.CSSProperties} />{one.label}</span><span className="number strong">{count(shown.values[one.key] ?? 0)}</span></div>)}
            </div>
          )}
        </div>
      )}
    </figure>
  );
}

export interface Part {
  label: string;
  value: number;
  colour: string;
}

// What a whole consists of, as one bar.
export function PartsBar({ parts, whole, label }: { parts: Part[]; whole: number; label: string }) {
  return (
    <div className="bar thick" role="img" aria-label={`${label}: ${parts.filter((part) => part.value > 0).map((part) => `${part.label} ${count(part.value)}`).join(", ")}`}>
      {parts.map((part) => part.value > 0 && <i key={part.label} title={`${part.label}: ${count(part.value)}`} style={{ width: `${(part.value / Math.max(1, whole)) * 100}%`, "--mark": part.colour } as React.CSSProperties} />)}
    </div>
  );
}
