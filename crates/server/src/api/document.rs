//! The OpenAPI 3.1 document: what the routes say, completed with what holds for all of them.

use super::{demo_router, described};
use crate::door::cookies;
use crate::problem::ProblemDocument;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr,
    Required, Response, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

/// The document before any route is added.
pub(super) fn skeleton() -> OpenApi {
    let mut components = Components::new();
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            cookies::SESSION,
            "Set by signing in or registering.",
        ))),
    );
    components.add_security_scheme(
        "merchant",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some("The merchant's API key."))
                .build(),
        ),
    );
    let info = InfoBuilder::new()
        .title("Yinxin")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Payments that move only on the signature of a certificate. Every error is an \
             `application/problem+json` with a stable `code`; every mutation can be repeated with its \
             `Idempotency-Key`.",
        ))
        .build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The whole document, the demonstration's routes included.
pub(crate) fn document() -> OpenApi {
    let (_, mut document) = described().merge(demo_router()).split_for_parts();
    add_schema::<ProblemDocument<'_>>(&mut document);
    let components = document.components.get_or_insert_with(Components::new);
    for (status, description, _) in PROBLEMS {
        components.responses.insert(problem_name(status), problem_response(description).into());
    }
    for item in document.paths.paths.values_mut() {
        complete(item);
    }
    document
}

/// The document as it is stored and served.
pub(crate) fn document_json() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn add_schema<T: ToSchema>(document: &mut OpenApi) {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let components = document.components.get_or_insert_with(Components::new);
    components.schemas.extend(schemas);
}

/// The operations of one path with their methods.
#[cfg(test)]
pub(crate) fn operations(item: &PathItem) -> impl Iterator<Item = (utoipa::openapi::HttpMethod, &Operation)> {
    use utoipa::openapi::HttpMethod;
    [
        (HttpMethod::Get, &item.get),
        (HttpMethod::Post, &item.post),
        (HttpMethod::Put, &item.put),
        (HttpMethod::Patch, &item.patch),
        (HttpMethod::Delete, &item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
}

/// Adds to each operation the key of a mutation and the problems that any route can answer.
fn complete(item: &mut PathItem) {
    let mutations = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    for operation in mutations.into_iter().flatten() {
        let takes_key = operation.operation_id.as_deref() != Some("post_ocsp");
        if takes_key {
            operation.parameters.get_or_insert_default().push(idempotency_key());
        }
        add_problems(operation, takes_key);
    }
    if let Some(operation) = &mut item.get {
        add_problems(operation, false);
    }
}

fn idempotency_key() -> RefOr<Parameter> {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some("The client's name for this attempt: 1 to 64 visible ASCII characters."))
        .schema(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[!-~]{1,64}$"))
                .examples(["3f0c1f0a-5b0e-4a39-9d1e-7a2f0f6f5a11"]),
        ))
        .build()
        .into()
}

/// What any operation can answer beside its own results.
const PROBLEMS: &[(&str, &str, Applies)] = &[
    ("400", "The request is malformed", Applies::Everywhere),
    ("401", "Not signed in, or a proof is wrong", Applies::Guarded),
    ("403", "From another origin, or refused by a rule", Applies::Mutation),
    ("404", "Nothing here, or not yours", Applies::Everywhere),
    ("409", "Contradicts what is recorded", Applies::Mutation),
    ("413", "The body is too large", Applies::Mutation),
    ("415", "The body is not JSON", Applies::Mutation),
    ("422", "Understood and refused", Applies::Mutation),
    ("429", "Too many tries", Applies::Everywhere),
    ("503", "Busy, or the result is not known yet: ask again", Applies::Everywhere),
    ("default", "Any other problem", Applies::Everywhere),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Applies {
    Everywhere,
    Guarded,
    Mutation,
}

fn problem_name(status: &str) -> String {
    format!("Problem_{status}")
}

fn add_problems(operation: &mut Operation, is_mutation: bool) {
    let is_guarded = operation.security.is_some();
    for (status, _, applies) in PROBLEMS {
        let applies = match applies {
            Applies::Everywhere => true,
            Applies::Guarded => is_guarded || is_mutation,
            Applies::Mutation => is_mutation,
        };
        if applies {
            let problem = RefOr::Ref(Ref::from_response_name(problem_name(status)));
            operation.responses.responses.entry((*status).to_owned()).or_insert(problem);
        }
    }
    if is_mutation {
        for (status, response) in &mut operation.responses.responses {
            if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
                response.headers.insert("Yx-Index".to_owned(), RefOr::T(index_header()));
            }
        }
    }
}

fn problem_response(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDocument::name()))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

fn index_header() -> utoipa::openapi::Header {
    HeaderBuilder::new()
        .schema(Some(u64::schema()))
        .description(Some("The journal index that this answer has seen."))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn stored() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/shared/api/openapi.json")
    }

    #[test]
    fn the_stored_document_is_what_the_routes_say() {
        let path = stored();
        if std::env::var_os("YINXIN_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, document_json()).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(text == document_json(), "{} has drifted: run with YINXIN_BLESS=1", path.display());
    }

    #[test]
    fn every_operation_is_named_by_a_verb_and_a_noun_and_describes_its_problems() {
        const VERBS: [&str; 15] = [
            "get", "list", "create", "delete", "verify", "issue", "activate", "rename", "suspend", "resume",
            "revoke", "set", "void", "find", "stream",
        ];
        for (path, item) in &document().paths.paths {
            for (_, operation) in operations(item) {
                let id = operation.operation_id.as_deref().unwrap();
                let verb = id.split('_').next().unwrap();
                assert!(VERBS.contains(&verb) || ["cancel", "post"].contains(&verb), "{path}: {id}");
                assert!(operation.responses.responses.contains_key("default"), "{path}: {id}");
                assert!(operation.responses.responses.keys().any(|status| status.starts_with('2')), "{path}");
            }
        }
    }
}
