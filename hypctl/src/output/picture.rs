//! The capability table as a picture (SVG 1.1): a lane for each service, a line for each object from one to the other
//! of those who hold it, and on it what they may do. Rows and lanes are as wide as their texts, so none overlap,
//! however many there are.

use proto::host::Cap;

use super::clean;

/// The lane of the root task, which holds more than the table says.
const ROOT: &str = "root";
/// A group of objects: its title, its colour, and the kinds of capabilities to them.
const GROUPS: [(&str, &str, &[&str]); 4] = [
    ("endpoints", "#1f5fa8", &["serve", "call", "send", "cells"]),
    ("notifications", "#b35900", &["wait", "signal"]),
    ("shared memory", "#6a3d9a", &["memory"]),
    ("devices", "#2e7d32", &["irq", "ports", "mmio"]),
];
const OTHERS: (&str, &str) = ("others", "#555555");

/// Pixels: a character of 13 px monospace is no wider in any common font.
const CHAR: usize = 8;
const ROW: usize = 24;
const MARGIN: usize = 16;
const HEADER: usize = 56;

/// What one service may do with one object.
struct Mark {
    text: String,
    /// Where it has it, for the pointer that rests on it.
    tip: String,
    /// Whether it is the one that receives.
    receives: bool,
}

/// An object: its name, and the mark of each lane.
struct Object {
    name: String,
    marks: Vec<Option<Mark>>,
}

/// Draws the table.
pub fn draw(caps: &[Cap]) -> String {
    // A policy is no capability.
    let caps: Vec<_> = caps.iter().filter(|cap| cap.kind != "policy").cloned().collect();
    let caps = &caps[..];
    let mut lanes = vec![ROOT];
    for cap in caps {
        if !lanes.contains(&&*cap.service) {
            lanes.push(&cap.service);
        }
    }
    let groups = groups(caps, &lanes);
    let objects = || groups.iter().flat_map(|(.., objects)| objects);
    let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0) * CHAR;
    let texts =
        objects().flat_map(|object| object.marks.iter().flatten()).map(|mark| mark.text.chars().count());
    let sizes = Sizes {
        label: longest(&mut objects().map(|object| object.name.chars().count())) + 2 * MARGIN,
        lane: longest(&mut texts.chain(lanes.iter().map(|name| name.chars().count()))) + 2 * MARGIN,
    };
    let width = sizes.left(lanes.len()) + MARGIN;
    let height = HEADER + (objects().count() + groups.len()) * ROW + MARGIN;
    let mut svg = vec![
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"13\">"
        ),
        format!("<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"),
    ];
    for (lane, name) in lanes.iter().enumerate() {
        svg.extend(sizes.lane(lane, name, height - MARGIN));
    }
    let mut y = HEADER + ROW / 2;
    for (title, colour, objects) in &groups {
        svg.push(text(MARGIN, y + 4, &format!("fill=\"{colour}\" font-weight=\"bold\""), title));
        y += ROW;
        for object in objects {
            svg.extend(sizes.object(object, colour, y));
            y += ROW;
        }
    }
    svg.push("</svg>\n".into());
    svg.join("\n")
}

fn groups(caps: &[Cap], lanes: &[&str]) -> Vec<(&'static str, &'static str, Vec<Object>)> {
    let place = |cap: &Cap| GROUPS.iter().position(|(.., kinds)| kinds.contains(&&*cap.kind));
    let mut groups = Vec::new();
    for group in (0..GROUPS.len()).map(Some).chain([None]) {
        let members: Vec<_> = caps.iter().filter(|cap| place(cap) == group).collect();
        let (title, colour) = group.map_or(OTHERS, |group| (GROUPS[group].0, GROUPS[group].1));
        let mut names: Vec<&str> = Vec::new();
        for cap in &members {
            if !names.contains(&&*cap.object) {
                names.push(&cap.object);
            }
        }
        // What belongs to one service stands together.
        names.sort_by_key(|name| lanes.iter().position(|lane| name.split('.').next() == Some(lane)));
        let object = |name: &&str| {
            let of = |lane: &&str| -> Vec<&Cap> {
                members.iter().filter(|c| c.object == *name && c.service == **lane).copied().collect()
            };
            let mut marks: Vec<_> = lanes.iter().map(|lane| mark(&of(lane))).collect();
            if marks[0].is_none() && (*name == ROOT || name.starts_with("root.")) {
                let tip = "the root task's own; the table has no line for it".into();
                marks[0] = Some(Mark { text: "own".into(), tip, receives: true });
            }
            Object { name: clean(name), marks }
        };
        let objects: Vec<_> = names.iter().map(object).collect();
        if !objects.is_empty() {
            groups.push((title, colour, objects));
        }
    }
    groups
}

/// What one service's capabilities to one object allow; those that allow the same are counted.
fn mark(caps: &[&Cap]) -> Option<Mark> {
    let mut texts: Vec<(String, usize)> = Vec::new();
    let mut tips = Vec::new();
    for cap in caps {
        let text = if cap.kind == "memory" {
            clean(&cap.rights)
        } else {
            clean(&format!("{} {}", cap.kind, cap.rights))
        };
        match texts.iter_mut().find(|(same, _)| *same == text) {
            Some((_, count)) => *count += 1,
            None => texts.push((text, 1)),
        }
        let at = if cap.address == 0 { format!("slot {}", cap.slot) } else { format!("{:#x}", cap.address) };
        let badge = if cap.badge == 0 { String::new() } else { format!(", badge {:#x}", cap.badge) };
        tips.push(format!("{}.{}: {} at {at}{badge}", cap.service, cap.name, cap.kind));
    }
    let counted =
        |(text, count): &(String, usize)| if *count == 1 { text.clone() } else { format!("{text} x{count}") };
    let texts: Vec<_> = texts.iter().map(counted).collect();
    let receives = caps.iter().any(|cap| matches!(&*cap.kind, "serve" | "wait"));
    (!caps.is_empty()).then(|| Mark { text: texts.join(", "), tip: tips.join("; "), receives })
}

/// Where things stand.
struct Sizes {
    /// Width of the names of objects.
    label: usize,
    /// Width of a lane.
    lane: usize,
}

impl Sizes {
    fn left(&self, lane: usize) -> usize {
        self.label + lane * self.lane
    }

    fn middle(&self, lane: usize) -> usize {
        self.left(lane) + self.lane / 2
    }

    /// A service's box, and the line down from it.
    fn lane(&self, lane: usize, name: &str, bottom: usize) -> [String; 3] {
        let (x, width, middle) = (self.left(lane) + 6, self.lane - 12, self.middle(lane));
        let style = "text-anchor=\"middle\" font-weight=\"bold\"";
        [
            format!("<path d=\"M{middle} {HEADER}V{bottom}\" stroke=\"#dddddd\"/>"),
            format!(
                "<rect x=\"{x}\" y=\"{MARGIN}\" width=\"{width}\" height=\"32\" rx=\"4\" fill=\"#eeeeee\" stroke=\"#333333\"/>"
            ),
            text(middle, MARGIN + 21, style, &clean(name)),
        ]
    }

    /// An object's name, the line between those who hold it, and their marks.
    fn object(&self, object: &Object, colour: &str, y: usize) -> Vec<String> {
        let holders: Vec<_> =
            object.marks.iter().enumerate().filter_map(|(lane, mark)| Some((lane, mark.as_ref()?))).collect();
        let mut svg = vec![text(2 * MARGIN, y + 4, "", &object.name)];
        if let ([(first, _), ..], [.., (last, _)]) = (&holders[..], &holders[..]) {
            let (from, to) = (self.middle(*first), self.middle(*last));
            svg.push(format!("<path d=\"M{from} {y}H{to}\" stroke=\"{colour}\" stroke-width=\"2\"/>"));
        }
        for (lane, mark) in holders {
            let (fill, ink) = if mark.receives { (colour, "#ffffff") } else { ("#ffffff", colour) };
            let width = mark.text.chars().count() * CHAR + 12;
            svg.push(format!(
                "<g><title>{}</title><rect x=\"{}\" y=\"{}\" width=\"{width}\" height=\"18\" rx=\"9\" fill=\"{fill}\" \
                 stroke=\"{colour}\"/>",
                escape(&clean(&mark.tip)),
                self.middle(lane) - width / 2,
                y - 9,
            ));
            svg.push(text(
                self.middle(lane),
                y + 4,
                &format!("fill=\"{ink}\" text-anchor=\"middle\""),
                &mark.text,
            ));
            svg.push("</g>".into());
        }
        svg
    }
}

fn text(x: usize, y: usize, style: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" {style}>{}</text>", escape(text))
}

/// Text from a device, fit for XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_device_becomes_markup() {
        let evil = "</text><script x=\"&\">\u{1b}";
        let cap = |kind: &str| Cap {
            service: evil.into(),
            kind: kind.into(),
            name: evil.into(),
            object: evil.into(),
            rights: evil.into(),
            ..Cap::default()
        };
        let svg = draw(&[cap("call"), cap("memory"), cap(evil)]);
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(svg.matches("<g>").count(), 3);
    }

    #[test]
    fn an_empty_table_is_a_picture_too() {
        let svg = draw(&[]);
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    }
}
