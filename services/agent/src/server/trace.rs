//! What programs print, and the records of their ring buffers, for the host.

use cell::out::TRACE_HEADER;
use proto::device::{TraceRecord, TraceRecord_::Body, TraceRecords};

use super::{
    Agent, Board,
    state::{Program, cut_into},
};

/// Bytes of a ring buffer's record that are shown.
const DATA_BYTES: usize = 512;
/// Records of one program that one answer looks at.
const RECORDS: usize = 256;
/// Bytes of a text that are shown.
const MAX_TEXT: usize = 256;

impl<B: Board> Agent<'_, B> {
    /// Takes as many records as fit an answer, or `most` if that is fewer and not 0: first what was printed, then
    /// ring buffers, one after the other.
    pub(crate) fn take_trace(&self, most: usize) -> TraceRecords {
        let mut page = TraceRecords::default();
        let fit = page.records.capacity();
        let most = if most == 0 { fit } else { most.min(fit) };
        for program in self.programs.iter().flatten() {
            let Some(Ok(ring)) = self.out(program).map(|out| out.consumer()) else { continue };
            page.lost += u64::from(ring.lost());
            // A program that fills its ring with what can't be shown, as fast as it is read, keeps nobody here.
            for _ in 0..RECORDS {
                if page.records.len() == most {
                    break;
                }
                let mut record = [0; TRACE_HEADER + MAX_TEXT];
                let Some(len) = ring.pop(&mut record) else { break };
                if let Some(record) = printed(program, &record[..len.min(record.len())], len) {
                    let _ = page.records.push(record);
                }
            }
        }
        let now = self.board.now_ns();
        for entry in self.maps.iter().flatten() {
            let Some(ring) = entry.map.ring() else { continue };
            page.lost += u64::from(ring.lost());
            while page.records.len() < most {
                let mut data = [0; DATA_BYTES];
                let Some(len) = ring.consume(&mut data) else { break };
                let mut record =
                    TraceRecord { time_ns: now, source: entry.name.clone(), size: len as u32, body: None };
                let mut shown = heapless::Vec::new();
                let _ = shown.extend_from_slice(&data[..len.min(DATA_BYTES)]);
                record.body = Some(Body::Data(shown));
                let _ = page.records.push(record);
            }
        }
        page.more = page.records.len() == most;
        page
    }
}

/// A record of the ring in which a program prints.
fn printed(program: &Program, record: &[u8], len: usize) -> Option<TraceRecord> {
    let (header, text) = record.split_at_checked(TRACE_HEADER)?;
    let (time, _) = header.split_first_chunk::<8>()?;
    let mut shown = heapless::String::new();
    for chunk in text.utf8_chunks() {
        let replaced = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        cut_into(&mut shown, format_args!("{}{replaced}", chunk.valid()));
    }
    Some(TraceRecord {
        time_ns: u64::from_le_bytes(*time),
        source: program.name.clone(),
        size: (len - TRACE_HEADER) as u32,
        body: Some(Body::Text(shown)),
    })
}
