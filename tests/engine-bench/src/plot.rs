//! Bars by kernel and engine, on a logarithmic scale.
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::measure::{ENGINES, Row};

const COLOURS: [RGBColor; ENGINES.len()] = [
    RGBColor(0, 90, 181),
    RGBColor(220, 120, 40),
    RGBColor(200, 60, 60),
    RGBColor(70, 160, 90),
    RGBColor(120, 190, 220),
    RGBColor(170, 170, 170),
    RGBColor(90, 90, 90),
];
/// Nanoseconds at the foot of the bars.
const LOWEST: f64 = 0.02;
const SIZE: (u32, u32) = (960, 420);

/// Draws `rows` to an SVG file.
pub fn draw(rows: &[Row], path: &Path) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| anyhow!("drawing {}: {error}", path.display());
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(|error| failed(&error))?;
    let width = ENGINES.len() as f64 + 1.0;
    let mut chart = ChartBuilder::on(&area)
        .caption("ns for each eBPF instruction", ("sans-serif", 18))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(50)
        .build_cartesian_2d(0.0..rows.len() as f64 * width, (LOWEST..64.0).log_scale())
        .map_err(|error| failed(&error))?;
    chart.configure_mesh().disable_x_mesh().x_labels(0).draw().map_err(|error| failed(&error))?;
    for (engine, label) in ENGINES.iter().enumerate() {
        let colour = COLOURS[engine];
        let bars = rows.iter().enumerate().map(|(i, row)| {
            let left = i as f64 * width + engine as f64 + 0.5;
            Rectangle::new([(left, LOWEST), (left + 0.9, row.per_instruction(engine))], colour.filled())
        });
        chart
            .draw_series(bars)
            .map_err(|error| failed(&error))?
            .label(*label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 10, y + 5)], colour.filled()));
    }
    for (i, row) in rows.iter().enumerate() {
        let (x, y) = chart.backend_coord(&(i as f64 * width + 0.5, LOWEST));
        area.draw_text(row.kernel, &("sans-serif", 13).into_text_style(&area), (x, y + 8))
            .map_err(|error| failed(&error))?;
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()
        .map_err(|error| failed(&error))?;
    area.present().map_err(|error| failed(&error))
}
