{{/*
(list root component service): who may reach a component, and what it may reach. A service names its callers once; what the
callers may reach follows from that. Runs' pods are the components `worker` and, of a training, `training`; `helm test`'s pod is `test`.
*/}}
{{- define "visemill.networkPolicy" -}}
{{- $root := index . 0 -}}{{- $component := index . 1 -}}{{- $service := index . 2 -}}
{{- $policy := $root.Values.networkPolicy }}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "visemill.fullname" $root }}-{{ $component }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "visemill.labels" (list $root $component) | nindent 4 }}
spec:
  {{- include "visemill.peer" (list $root $component) | nindent 2 }}
  policyTypes: [Ingress, Egress]
  ingress:
{{- if $service.ports.grpc }}
    - ports: [{port: {{ $service.ports.grpc }}, protocol: TCP}]
      from:
{{- range concat $service.callers (list "test") }}
        - {{ include "visemill.peer" (list $root .) | nindent 10 | trim }}
{{- end }}
{{- with $policy.clients }}
        {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}
{{- with $policy.monitoring }}
    - ports: [{port: {{ $service.ports.metrics }}, protocol: TCP}]
      from: {{- toYaml . | nindent 8 }}
{{- end }}
{{- if eq $component "training" }}
    # Beside the port at which ranks meet, gloo and NCCL choose their own.
    - ports: [{protocol: TCP}]
      from:
        - {{ include "visemill.peer" (list $root "training") | nindent 10 | trim }}
{{- end }}
  egress:
    {{- include "visemill.dns" $root | nindent 4 }}
{{- range $service.needs }}
{{- $outside := index $policy . }}
    - ports:
{{- range $outside.ports }}
        - {port: {{ . }}, protocol: TCP}
{{- end }}
{{- with $outside.to }}
      to: {{- toYaml . | nindent 8 }}
{{- end }}
{{- end }}
{{- range $name, $given := $root.Values.services }}
{{- $other := mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy ($given | default dict)) }}
{{- if and $other.enabled (has $component (append $other.callers "test")) }}
    - ports: [{port: {{ $other.ports.grpc }}, protocol: TCP}]
      to:
        - {{ include "visemill.peer" (list $root $name) | nindent 10 | trim }}
{{- end }}
{{- end }}
{{- if eq $component "training" }}
    # Beside the port at which ranks meet, gloo and NCCL choose their own.
    - ports: [{protocol: TCP}]
      to:
        - {{ include "visemill.peer" (list $root "training") | nindent 10 | trim }}
{{- end }}
{{- end -}}

{{- define "visemill.dns" -}}
- ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
{{- with .Values.networkPolicy.dns }}
  to: {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}
