//! Packets from a capture file, pcap or pcapng.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bpf_runtime::hook::Hook;
use pcap_parser::{Block, Linktype, PcapBlockOwned, create_reader, traits::PcapNGPacketBlock};

use super::host::Event;
use crate::commands::read_file;

/// Bytes of a capture file at most.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The hooks whose programs are run for packets.
const HOOKS: [&str; 2] = ["xdp", "socket"];

/// An event for each packet of a capture file, with this context.
///
/// # Errors
/// The hook gets no packets; the file can't be read, is no capture, is cut off or is not of Ethernet frames.
pub fn events(file: &Path, hook: &Hook, context: &[u8]) -> Result<Vec<Event>> {
    if !HOOKS.contains(&hook.name) {
        let fields: Vec<_> = hook.context.iter().map(|field| format!("\"{}\": 0", field.name)).collect();
        bail!("--pcap: hook {} gets no packets: give --context '{{{}}}'", hook.name, fields.join(", "));
    }
    let name = file.display();
    let packets = read(&read_file(file, MAX_FILE_BYTES)?).with_context(|| name.to_string())?;
    if packets.is_empty() {
        bail!("{name}: no packet in it");
    }
    Ok(packets.into_iter().map(|packet| Event { packet: Some(packet), context: context.into() }).collect())
}

/// The packets of a capture, as much of each as was captured.
fn read(bytes: &[u8]) -> Result<Vec<Vec<u8>>> {
    // With all of the file in the reader's buffer, nothing is waited for: what is incomplete is cut off.
    let reader = create_reader(bytes.len() + 1, bytes);
    let mut reader = reader.ok().context("neither pcap nor pcapng: capture with tcpdump -w FILE")?;
    let (mut packets, mut links) = (Vec::new(), Vec::new());
    while !reader.data().is_empty() {
        let at = reader.consumed();
        let Ok((length, block)) = reader.next() else {
            bail!("byte {at}: damaged or cut off, behind packet {}", packets.len());
        };
        let (packet, interface) = match &block {
            PcapBlockOwned::LegacyHeader(header) => {
                links = vec![header.network];
                (None, 0)
            }
            PcapBlockOwned::Legacy(packet) => (Some(packet.data), 0),
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                links.clear();
                (None, 0)
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                links.push(interface.linktype);
                (None, 0)
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                (Some(packet.packet_data()), packet.if_id as usize)
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => (Some(packet.packet_data()), 0),
            PcapBlockOwned::NG(_) => (None, 0),
        };
        if let Some(packet) = packet {
            let number = packets.len() + 1;
            match links.get(interface) {
                Some(&Linktype::ETHERNET) => packets.push(packet.to_vec()),
                Some(Linktype(link)) => {
                    bail!(
                        "packet {number}: link type {link}: programs see Ethernet frames, capture on a device"
                    )
                }
                None => bail!("packet {number}: of interface {interface}, which is not described"),
            }
        }
        reader.consume(length);
    }
    Ok(packets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// A pcap file (draft-ietf-opsawg-pcap) of this link type.
    fn pcap(link: u32, packets: &[&[u8]]) -> Vec<u8> {
        let mut bytes = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 65535, link]);
        for packet in packets {
            bytes.extend(words(&[1, 2, packet.len() as u32, packet.len() as u32]));
            bytes.extend(*packet);
        }
        bytes
    }

    /// A pcapng file (draft-ietf-opsawg-pcapng) with one Ethernet interface: each packet as an enhanced block.
    fn pcapng(packets: &[&[u8]]) -> Vec<u8> {
        let mut bytes = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
        bytes.extend(words(&[1, 20, 1, 65535, 20]));
        for packet in packets {
            let padded = packet.len().next_multiple_of(4);
            let (length, size) = (32 + padded as u32, packet.len() as u32);
            bytes.extend(words(&[6, length, 0, 0, 0, size, size]));
            bytes.extend(*packet);
            bytes.resize(bytes.len() + padded - packet.len(), 0);
            bytes.extend(words(&[length]));
        }
        bytes
    }

    #[test]
    fn both_formats_give_their_packets() {
        let packets: [&[u8]; 3] = [b"first", b"", &[7; 1514]];
        for file in [pcap(1, &packets), pcapng(&packets)] {
            assert_eq!(read(&file).unwrap(), packets);
        }
        assert!(read(&pcap(1, &[])).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_capture_is_named() {
        let error = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(error(b"").starts_with("neither pcap nor pcapng"));
        assert!(error(&[0; 64]).starts_with("neither pcap nor pcapng"));
        let wifi = error(&pcap(105, &[b"frame"]));
        assert!(wifi.starts_with("packet 1: link type 105"), "{wifi}");
        let whole = pcap(1, &[b"first", b"second"]);
        assert_eq!(error(&whole[..whole.len() - 1]), "byte 45: damaged or cut off, behind packet 1");
    }

    #[test]
    fn damage_gives_errors_or_packets() {
        let (pcap, pcapng) = (pcap(1, &[b"first", &[1; 100]]), pcapng(&[b"first", &[1; 100]]));
        let mut seed = 1_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize % below
        };
        for _ in 0..20_000 {
            let mut bytes = if next(2) == 0 { pcap.clone() } else { pcapng.clone() };
            for _ in 0..=next(3) {
                let at = next(bytes.len());
                bytes[at] = next(256) as u8;
            }
            bytes.truncate(next(2 * bytes.len()));
            if let Ok(packets) = read(&bytes) {
                assert!(packets.iter().map(Vec::len).sum::<usize>() <= bytes.len());
            }
        }
    }
}
