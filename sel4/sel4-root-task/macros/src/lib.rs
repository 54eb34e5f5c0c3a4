//! The attribute of the root task's main function. Use it through `sel4_root_task::root_task`.
#![forbid(unsafe_code)]

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, ItemFn, Result, Token};

/// See `sel4_root_task::root_task`.
#[proc_macro_attribute]
pub fn root_task(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    expand(arguments.into(), item.into()).unwrap_or_else(Error::into_compile_error).into()
}

/// One `name = value`.
struct Argument {
    name: Ident,
    value: Expr,
}

impl Parse for Argument {
    fn parse(input: ParseStream) -> Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let parser = Punctuated::<Argument, Token![,]>::parse_terminated;
    let arguments = syn::parse::Parser::parse2(parser, arguments)?;
    let function: ItemFn = syn::parse2(item)?;
    let main = &function.sig.ident;
    let mut stack_size = quote!(::sel4_root_task::DEFAULT_STACK_SIZE);
    let mut heap = TokenStream::new();
    for Argument { name, value } in arguments {
        match name.to_string().as_str() {
            "stack_size" => stack_size = quote!(#value),
            "heap_size" => heap = quote!(, heap_size = #value),
            _ => return Err(Error::new(name.span(), "write stack_size or heap_size")),
        }
    }
    Ok(quote! {
        #function
        ::sel4_root_task::declare_root_task!(main = #main, stack_size = #stack_size #heap);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_sizes_and_refuses_the_rest() {
        let function = quote!(
            fn main(_: &BootInfoPtr) -> ! {}
        );
        let text = expand(quote!(stack_size = 4096, heap_size = 1 << 16), function.clone()).expect("expands");
        assert!(text.to_string().contains("stack_size = 4096 , heap_size = 1 << 16"), "{text}");
        let text = expand(quote!(), function.clone()).expect("expands").to_string();
        assert!(text.contains("DEFAULT_STACK_SIZE") && !text.contains("heap_size"), "{text}");
        assert!(expand(quote!(size = 1), function).is_err());
        assert!(
            expand(
                quote!(),
                quote!(
                    struct S;
                )
            )
            .is_err()
        );
    }
}
