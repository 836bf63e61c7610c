{{- define "floorwalker.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "floorwalker.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "floorwalker.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "floorwalker.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "floorwalker.selector" -}}
app.kubernetes.io/name: {{ include "floorwalker.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "floorwalker.labels" -}}
{{ include "floorwalker.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "floorwalker.serviceAccount" -}}
{{- default (include "floorwalker.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "floorwalker.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* Not root, and nothing that root could do. */}}
{{- define "floorwalker.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "floorwalker.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The environment of every container of Floorwalker. */}}
{{- define "floorwalker.env" -}}
- name: FLOORWALKER_CONFIG
  value: /etc/floorwalker/floorwalker.toml
- name: FLOORWALKER_LOG_FORMAT
  value: {{ .Values.logFormat | quote }}
{{- with .Values.logLevel }}
- name: RUST_LOG
  value: {{ . | quote }}
{{- end }}
# Stable: after a restart the same process takes the same tasks.
- name: FLOORWALKER_KAFKA__INSTANCE
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: FLOORWALKER_HTTP__LISTEN
  value: "0.0.0.0:{{ .Values.http.port }}"
- name: FLOORWALKER_HTTP__HOSTS
  {{- $name := printf "%s.%s" (include "floorwalker.fullname" .) .Release.Namespace }}
  value: {{ concat (list $name (printf "%s.svc" $name) (printf "%s.svc.cluster.local" $name)) .Values.http.hosts | join "," | quote }}
{{- include "floorwalker.access" . }}
{{- if .Values.secret.name }}
{{- range $variable, $key := .Values.secret.settings }}
- name: {{ $variable }}
  value: "file:/run/secrets/floorwalker/{{ $key }}"
{{- end }}
{{- end }}
{{- if .Values.tls.name }}
- name: FLOORWALKER_KAFKA__PROPERTIES__SSL_CA_LOCATION
  value: /run/secrets/floorwalker-tls/ca.crt
{{- if .Values.tls.clientCertificate }}
- name: FLOORWALKER_KAFKA__PROPERTIES__SSL_CERTIFICATE_LOCATION
  value: /run/secrets/floorwalker-tls/tls.crt
- name: FLOORWALKER_KAFKA__PROPERTIES__SSL_KEY_LOCATION
  value: /run/secrets/floorwalker-tls/tls.key
{{- end }}
{{- end }}
{{- range $variable, $value := .Values.env }}
- name: {{ $variable }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* Who may ask over HTTP. */}}
{{- define "floorwalker.access" -}}
{{- if not (or .Values.http.tokens .Values.http.allowAnonymous) }}
{{- fail "http.tokens is empty, and nobody would be asked who they are: `floorwalker token new` makes a token; where a mesh or a proxy asks, set http.allowAnonymous to true" }}
{{- end }}
{{- if .Values.http.allowAnonymous }}
- name: FLOORWALKER_HTTP__ALLOW_ANONYMOUS
  value: "true"
{{- end }}
{{- range $number, $token := .Values.http.tokens }}
- name: FLOORWALKER_HTTP__TOKEN__{{ $number }}__NAME
  value: {{ $token.name | quote }}
- name: FLOORWALKER_HTTP__TOKEN__{{ $number }}__SCOPES
  value: {{ join "," $token.scopes | quote }}
- name: FLOORWALKER_HTTP__TOKEN__{{ $number }}__HASH
  {{- if $token.hash }}
  value: {{ $token.hash | quote }}
  {{- else if $.Values.secret.name }}
  value: "file:/run/secrets/floorwalker/{{ $token.hashKey }}"
  {{- else }}
  {{- fail (printf "http.tokens: the hash of `%s` is in no Secret; name one as secret.name" $token.name) }}
  {{- end }}
{{- end }}
{{- if .Values.http.tls.name }}
- name: FLOORWALKER_HTTP__TLS__CERTIFICATE
  value: /run/secrets/floorwalker-http-tls/tls.crt
- name: FLOORWALKER_HTTP__TLS__KEY
  value: /run/secrets/floorwalker-http-tls/tls.key
{{- end }}
{{- end -}}

{{- define "floorwalker.scheme" -}}
{{- if .Values.http.tls.name }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{/* How Prometheus asks. */}}
{{- define "floorwalker.scrape" -}}
{{- if .Values.http.tokens }}
{{- if not .Values.serviceMonitor.token.name }}
{{- fail "serviceMonitor.token.name is empty, and Prometheus would be refused: name a Secret with a token of the scope `metrics`" }}
{{- end }}
authorization:
  type: Bearer
  credentials:
    name: {{ .Values.serviceMonitor.token.name }}
    key: {{ .Values.serviceMonitor.token.key }}
{{- end }}
{{- if .Values.http.tls.name }}
scheme: https
tlsConfig:
  serverName: {{ include "floorwalker.fullname" . }}.{{ .Release.Namespace }}.svc
  ca:
    secret:
      name: {{ .Values.http.tls.name }}
      key: ca.crt
{{- end }}
{{- end -}}

{{- define "floorwalker.mounts" -}}
- name: config
  mountPath: /etc/floorwalker
  readOnly: true
{{- if .Values.secret.name }}
- name: secret
  mountPath: /run/secrets/floorwalker
  readOnly: true
{{- end }}
{{- if .Values.tls.name }}
- name: tls
  mountPath: /run/secrets/floorwalker-tls
  readOnly: true
{{- end }}
{{- if .Values.http.tls.name }}
- name: http-tls
  mountPath: /run/secrets/floorwalker-http-tls
  readOnly: true
{{- end }}
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- define "floorwalker.volumes" -}}
- name: config
  configMap:
    name: {{ include "floorwalker.fullname" . }}
{{- if .Values.secret.name }}
- name: secret
  secret:
    secretName: {{ .Values.secret.name }}
    defaultMode: 0440
{{- end }}
{{- if .Values.tls.name }}
- name: tls
  secret:
    secretName: {{ .Values.tls.name }}
    defaultMode: 0440
{{- end }}
{{- if .Values.http.tls.name }}
- name: http-tls
  secret:
    secretName: {{ .Values.http.tls.name }}
    defaultMode: 0440
{{- end }}
# For commands that are run in a pod: the root is read-only.
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- end -}}
