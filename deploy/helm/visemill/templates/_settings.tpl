{{/* VISEMILL_<NAME> of every process. */}}
{{- define "visemill.settings" -}}
{{- range $name, $value := .Values.settings }}
VISEMILL_{{ include "visemill.dashed" $name | replace "-" "_" | upper }}: {{ include "visemill.text" $value | quote }}
{{- end }}
{{- end -}}

{{/* What the orchestrator is told of the Jobs that it makes, as VISEMILL_<FLAG>; what .Values.runs says wins. */}}
{{- define "visemill.runSettings" -}}
{{- if and (.Values.runs.podsGpus | default 0 | int) (not .Values.runs.image) -}}
{{- fail "runs.podsGpus: nothing in visemill-worker can use a GPU: give runs.image too, such as REGISTRY/visemill-worker-torch:VERSION (made by `make images-worker-torch`)" -}}
{{- end -}}
{{- $own := dict
      "cluster" "kube"
      "namespace" .Release.Namespace
      "image" (include "visemill.image" (list . "visemill-worker"))
      "imagePullPolicy" .Values.image.pullPolicy
      "imagePullSecrets" (join "," .Values.image.pullSecrets)
      "serviceAccount" (include "visemill.account" (list . "worker"))
      "s3Secret" (.Values.s3.existingSecret | default "none")
      "priorityClass" (include "visemill.priority" (list . "runs")) }}
{{- if .Values.tls.enabled }}{{ $_ := set $own "tlsSecret" (include "visemill.tlsSecret" .) }}{{ end }}
{{- range $name, $value := mergeOverwrite $own .Values.runs }}
{{- $text := include "visemill.text" $value }}
{{- if $text }}
- name: VISEMILL_{{ include "visemill.dashed" $name | replace "-" "_" | upper }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- end -}}
