//! A table with a text above, for the terminal and for the page.
use comfy_table::{CellAlignment, Table};

/// What a figure has behind it that misses its limit.
const MISSED: &str = " **!**";

/// A table.
pub struct Sheet {
    title: &'static str,
    text: String,
    header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Sheet {
    pub fn new<'h>(title: &'static str, text: &str, header: impl IntoIterator<Item = &'h str>) -> Self {
        let header = header.into_iter().map(str::to_owned).collect();
        Self { title, text: text.to_owned(), header, rows: vec![] }
    }

    /// The figure, with the mark if it misses its limit.
    pub fn marked(figure: String, missed: bool) -> String {
        if missed { figure + MISSED } else { figure }
    }

    /// For the terminal.
    pub fn table(&self) -> String {
        let plain = |cells: &Vec<String>| cells.iter().map(|cell| cell.replace("**", "")).collect::<Vec<_>>();
        let mut table = Table::new();
        table.set_header(&self.header).add_rows(self.rows.iter().map(plain));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n{table}", self.title)
    }

    /// For the page.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule: Vec<String> = self.header.iter().map(|_| "---".to_owned()).collect();
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        format!("## {}\n\n{}\n\n{}{}{rows}", self.title, self.text, line(&self.header), line(&rule))
    }

    /// The figures that miss their limits.
    pub fn missed(&self) -> usize {
        self.rows.iter().flatten().filter(|cell| cell.ends_with(MISSED)).count()
    }
}
