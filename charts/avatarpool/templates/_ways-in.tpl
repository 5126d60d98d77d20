{{/*
An Ingress to a Service, if the values enable it. Takes a dict of root, of (the key of the values, and the suffix of the Service),
component and port (its name).
*/}}
{{- define "avatarpool.ingress" -}}
{{- $ := .root -}}
{{- $of := .of -}}
{{- $port := .port -}}
{{- $component := .component -}}
{{- with (get $.Values $of).ingress }}
{{- if .enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "avatarpool.metadata" (list $ $component $of (pick . "labels" "annotations")) | nindent 2 }}
spec:
  {{- with .className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range default (list "") .hosts }}
    - {{- with . }}
      host: {{ . | quote }}
      {{- end }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "avatarpool.fullname" $ }}-{{ $of }}
                port:
                  name: {{ $port }}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* An HTTPRoute to a Service, if the values enable it. Takes the same dict, with the number of the port. */}}
{{- define "avatarpool.httpRoute" -}}
{{- $ := .root -}}
{{- $of := .of -}}
{{- $port := .port -}}
{{- $component := .component -}}
{{- with (get $.Values $of).httpRoute }}
{{- if .enabled }}
{{- if empty .parentRefs }}
{{- fail (print $of ".httpRoute.parentRefs is empty: name the Gateway of the route") }}
{{- end }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "avatarpool.metadata" (list $ $component $of (pick . "labels" "annotations")) | nindent 2 }}
spec:
  parentRefs:
    {{- toYaml .parentRefs | nindent 4 }}
  {{- with .hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        - path: { type: PathPrefix, value: / }
      backendRefs:
        - name: {{ include "avatarpool.fullname" $ }}-{{ $of }}
          port: {{ $port }}
      {{- with .timeout }}
      timeouts:
        request: {{ . }}
        backendRequest: {{ . }}
      {{- end }}
{{- end }}
{{- end }}
{{- end }}
