//! `#[derive(Names)]`: a visit of every field, so that identities inside a value can be found and renamed.

use proc_macro::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, parse_macro_input};

/// Implements `tenure::process::Names` by visiting each field in order of declaration.
#[proc_macro_derive(Names)]
pub fn derive_names(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(syn::parse_quote!(::tenure::process::Names));
    }
    let (implementation, types, bounds) = generics.split_for_impl();
    let body = match &input.data {
        Data::Struct(data) => {
            let (pattern, visits) = visit(&data.fields);
            quote! { let Self #pattern = self; #visits }
        }
        Data::Enum(data) => {
            let arms = data.variants.iter().map(|variant| {
                let ident = &variant.ident;
                let (pattern, visits) = visit(&variant.fields);
                quote! { Self::#ident #pattern => { #visits } }
            });
            if data.variants.is_empty() {
                quote! { match *self {} }
            } else {
                quote! { match self { #(#arms)* } }
            }
        }
        Data::Union(_) => {
            return syn::Error::new_spanned(name, "a union has no fields to visit").to_compile_error().into();
        }
    };
    quote! {
        impl #implementation ::tenure::process::Names for #name #types #bounds {
            fn visit(&mut self, visitor: &mut dyn ::tenure::process::Visitor) {
                let _ = &visitor;
                #body
            }
        }
    }
    .into()
}

/// The pattern that binds every field, and a visit of each.
fn visit(fields: &Fields) -> (proc_macro2::TokenStream, proc_macro2::TokenStream) {
    match fields {
        Fields::Named(fields) => {
            let names: Vec<_> = fields.named.iter().map(|field| field.ident.clone()).collect();
            (quote! { { #(#names),* } }, quote! { #(::tenure::process::Names::visit(#names, visitor);)* })
        }
        Fields::Unnamed(fields) => {
            let names: Vec<_> = (0..fields.unnamed.len()).map(|index| format_ident!("field{index}")).collect();
            (quote! { ( #(#names),* ) }, quote! { #(::tenure::process::Names::visit(#names, visitor);)* })
        }
        Fields::Unit => (quote! {}, quote! {}),
    }
}
