//! The attribute of a test. Use it through `sel4_test_harness::test`.
#![forbid(unsafe_code)]

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, ItemFn, LitStr, Result, Token};

/// See `sel4_test_harness::test`.
#[proc_macro_attribute]
pub fn test(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(arguments.into(), item.into()).unwrap_or_else(Error::into_compile_error).into()
}

/// `name` or `name = value`.
struct Argument {
    name: Ident,
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream) -> Result<Self> {
        let name = input.parse()?;
        let value = input.parse::<Option<Token![=]>>()?.map(|_| input.parse()).transpose()?;
        Ok(Self { name, value })
    }
}

impl Argument {
    /// The value as text, empty when there is none.
    fn text(&self) -> Result<LitStr> {
        match &self.value {
            Some(value) => syn::parse2(quote!(#value)),
            None => Ok(LitStr::new("", self.name.span())),
        }
    }

    fn expectation(&self) -> Result<Option<TokenStream>> {
        let expect = quote!(::sel4_test_harness::Expect);
        let text = self.text();
        Ok(Some(match self.name.to_string().as_str() {
            "should_panic" => text.map(|text| quote!(#expect::Panic(#text)))?,
            "should_fault" => text.map(|text| quote!(#expect::Fault(#text)))?,
            "should_error" => text.map(|text| quote!(#expect::Error(#text)))?,
            "should_hang" => quote!(#expect::Hang),
            "should_leak" => quote!(#expect::Leak),
            _ => return Ok(None),
        }))
    }
}

fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut function: ItemFn = syn::parse2(item)?;
    let parser = Punctuated::<Argument, Token![,]>::parse_terminated;
    let mut arguments: Vec<_> = syn::parse::Parser::parse2(parser, arguments)?.into_iter().collect();
    // `#[should_panic]` as in ordinary tests.
    if let Some(index) = function.attrs.iter().position(|attribute| attribute.path().is_ident("should_panic"))
    {
        let attribute = function.attrs.remove(index);
        arguments
            .push(Argument { name: Ident::new("should_panic", attribute.pound_token.span), value: None });
    }
    let mut expect = None;
    let mut budget = quote!(::sel4_test_harness::DEFAULT_BUDGET_MS);
    for argument in arguments {
        let span = argument.name.span();
        match (argument.expectation()?, &argument.value) {
            (Some(_), _) if expect.is_some() => return Err(Error::new(span, "only one expectation")),
            (Some(expectation), _) => expect = Some(expectation),
            (None, Some(value)) if argument.name == "budget_ms" => budget = quote!(#value),
            (None, _) => {
                let known = "write should_panic, should_fault = \"VmFault\", should_error = \"text\", \
                             should_hang, should_leak or budget_ms = number";
                return Err(Error::new(span, known));
            }
        }
    }
    let expect = expect.unwrap_or_else(|| quote!(::sel4_test_harness::Expect::Return));
    let name = &function.sig.ident;
    Ok(quote! {
        #function

        const _: () = {
            static CASE: ::sel4_test_harness::TestCase = ::sel4_test_harness::TestCase {
                name: ::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)),
                run: |env| ::sel4_test_harness::TestResult::finish(#name(env)),
                expect: #expect,
                budget_ms: #budget,
            };
            #[used]
            #[unsafe(link_section = "sel4_tests")]
            static ENTRY: &::sel4_test_harness::TestCase = &CASE;
        };
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::{TokenStream, expand};

    fn expanded(arguments: TokenStream, item: TokenStream) -> String {
        expand(arguments, item).map_or_else(|error| error.to_string(), |tokens| tokens.to_string())
    }

    #[test]
    fn expectations() {
        let function = quote!(
            fn t(env: &mut Env) {}
        );
        for (arguments, expected) in [
            (quote!(), "Expect :: Return"),
            (quote!(should_panic = "x"), "Expect :: Panic (\"x\")"),
            (quote!(should_fault = "VmFault", budget_ms = 5), "Expect :: Fault (\"VmFault\")"),
            (quote!(should_hang), "Expect :: Hang"),
            (quote!(should_leak, should_hang), "only one expectation"),
            (quote!(nonsense), "write should_panic"),
        ] {
            let text = expanded(arguments, function.clone());
            assert!(text.contains(expected), "{text}");
        }
        let text = expanded(
            quote!(),
            quote!(
                #[should_panic]
                fn t(env: &mut Env) {}
            ),
        );
        assert!(text.contains("Panic (\"\")") && !text.contains("# [should_panic]"), "{text}");
        assert!(expanded(quote!(budget_ms = 7), function).contains("budget_ms : 7"));
    }
}
