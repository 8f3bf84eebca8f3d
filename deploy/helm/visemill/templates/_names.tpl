{{/* What the names of all objects begin with. */}}
{{- define "visemill.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains "visemill" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name "visemill" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What the names of cluster-wide objects begin with: two namespaces may hold releases of one name. */}}
{{- define "visemill.clusterName" -}}
{{- if eq .Release.Namespace (include "visemill.fullname" .) -}}
{{- include "visemill.fullname" . -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace (include "visemill.fullname" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* (list root component): what a Deployment's pods are selected by. Immutable, so nothing that changes. */}}
{{- define "visemill.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: visemill
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* (list root component): labels of every object. */}}
{{- define "visemill.labels" -}}
{{- $root := index . 0 -}}
{{ include "visemill.selector" . }}
app.kubernetes.io/version: {{ $root.Values.image.tag | default $root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: visemill
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* (list root component): a NetworkPolicy's peer; pods of runs carry no instance. */}}
{{- define "visemill.peer" -}}
podSelector:
  matchLabels:
    app.kubernetes.io/name: visemill
    app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* (list root name): a whole image name. */}}
{{- define "visemill.image" -}}
{{- $root := index . 0 -}}
{{- with $root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- index . 1 }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion -}}
{{- end -}}

{{/* (list root worker|orchestrator): the name of a service account. */}}
{{- define "visemill.account" -}}
{{- $root := index . 0 -}}
{{- $account := index $root.Values.serviceAccounts (index . 1) -}}
{{- $account.name | default (printf "%s-%s" (include "visemill.fullname" $root) (index . 1)) -}}
{{- end -}}

{{/* (list root services|runs): the name of a priority class; empty for the cluster's default. */}}
{{- define "visemill.priority" -}}
{{- $root := index . 0 -}}
{{- $class := index $root.Values.priorityClasses (index . 1) -}}
{{- if $class.name }}{{ $class.name }}{{ else if $root.Values.priorityClasses.create -}}
{{- printf "%s-%s" (include "visemill.clusterName" $root) (index . 1) -}}
{{- end -}}
{{- end -}}

{{/* Where the orchestrator keeps submitted runs: as said, below the first root in S3, or in its pod if that is wanted. */}}
{{- define "visemill.registry" -}}
{{- $remote := list -}}
{{- range .Values.s3.roots }}{{ if hasPrefix "s3://" . }}{{ $remote = append $remote . }}{{ end }}{{ end -}}
{{- if .Values.s3.registry }}{{ .Values.s3.registry }}
{{- else if $remote }}{{ trimSuffix "/" (first $remote) }}/.visemill-runs
{{- else if .Values.s3.ephemeralRegistry }}/tmp/registry
{{- else -}}
{{ fail (printf "s3.registry is empty and s3.roots (%s) names no s3://bucket/prefix: the orchestrator must keep submitted runs where they outlive its pod. Give s3.roots or s3.registry, or for a trial s3.ephemeralRegistry: true (runs are forgotten when the pod restarts), or services.orchestrator.enabled: false" (toJson .Values.s3.roots)) }}
{{- end -}}
{{- end -}}

{{- define "visemill.tlsSecret" -}}
{{- if .Values.tls.existingSecret }}{{ .Values.tls.existingSecret }}
{{- else if .Values.tls.certManager.enabled }}{{ include "visemill.fullname" . }}-tls
{{- else }}{{ fail "tls.enabled needs tls.existingSecret (with tls.crt, tls.key, ca.crt) or tls.certManager.enabled" }}
{{- end -}}
{{- end -}}

{{/* numChildren -> num-children */}}
{{- define "visemill.dashed" -}}
{{- regexReplaceAll "([A-Z])" . "-${1}" | lower -}}
{{- end -}}

{{/* A number as it was written: Helm reads whole ones as floats, and prints large ones with an exponent. */}}
{{- define "visemill.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

{{/* The gRPC ports of the services that are on, by name. */}}
{{- define "visemill.ports" -}}
{{- range $name, $given := .Values.services }}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy ($given | default dict)) }}
{{- if $service.enabled }}
{{ $name }}: {{ $service.ports.grpc }}
{{- end }}
{{- end }}
{{- end -}}
