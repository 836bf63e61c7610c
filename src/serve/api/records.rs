//! Names of the records in the API's description.

use utoipa::ToSchema;

// Each stands for a schema of `schema::files`, which takes its place.

#[derive(ToSchema)]
pub(super) struct KpiRecord {}
#[derive(ToSchema)]
pub(super) struct AlertRecord {}
#[derive(ToSchema)]
pub(super) struct ContactRecord {}
#[derive(ToSchema)]
pub(super) struct ScorecardRecord {}
#[derive(ToSchema)]
pub(super) struct RecognitionRecord {}
#[derive(ToSchema)]
pub(super) struct DirectoryStatement {}
#[derive(ToSchema)]
pub(super) struct SilenceRecord {}
#[derive(ToSchema)]
#[schema(as = SilenceRecord::Matchers)]
pub(super) struct SilenceMatchers {}
