//! Lists that come in pages.

use anyhow::{Result, bail};
use proto::host::{Attachment, Cap, Map, PageRequest, Program, Service, request, response};

use super::unexpected;
use crate::client::{Client, Repeat};

/// Pages of a list at most: a device that goes on for ever is broken.
const MAX_PAGES: usize = 4096;

/// Something that comes in pages.
pub trait Listed: Sized {
    /// The request for a page.
    fn request(page: PageRequest) -> request::Body;
    /// The items of a page and the number of the next.
    fn items(answer: response::Body) -> Result<(Vec<Self>, u32)>;
}

/// All of a list.
pub fn all<T: Listed>(client: &mut Client) -> Result<Vec<T>> {
    let (mut list, mut next) = (Vec::new(), 0);
    for _ in 0..MAX_PAGES {
        let answer = client.request(Repeat::Yes, &T::request(PageRequest { next }))?;
        let (items, following) = T::items(answer)?;
        list.extend(items);
        next = following;
        if next == 0 {
            return Ok(list);
        }
    }
    bail!("the device's list does not end ({MAX_PAGES} pages)")
}

macro_rules! listed {
    ($item:ty, $request:ident, $response:ident, $field:ident) => {
        impl Listed for $item {
            fn request(page: PageRequest) -> request::Body {
                request::Body::$request(page)
            }

            fn items(answer: response::Body) -> Result<(Vec<Self>, u32)> {
                match answer {
                    response::Body::$response(page) => Ok((page.$field, page.next)),
                    other => Err(unexpected(&other)),
                }
            }
        }
    };
}

listed!(Program, Programs, Programs, programs);
listed!(Attachment, Attachments, Attachments, attachments);
listed!(Map, Maps, Maps, maps);
listed!(Service, Services, Services, services);
listed!(Cap, Caps, Caps, caps);
