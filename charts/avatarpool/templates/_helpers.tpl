{{/* Prefix of all object names. Short enough for 63 characters with the longest suffix. */}}
{{- define "avatarpool.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "avatarpool.name" -}}
{{- default .Chart.Name .Values.nameOverride }}
{{- end }}

{{/* Namespace of the operator and the gateway. */}}
{{- define "avatarpool.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* Name of a component's ServiceAccount: (list $ "operator"). */}}
{{- define "avatarpool.serviceAccountName" -}}
{{- $root := index . 0 -}}
{{- $account := (get $root.Values (index . 1)).serviceAccount -}}
{{- $default := $account.create | ternary (printf "%s-%s" (include "avatarpool.fullname" $root) (index . 1)) "default" -}}
{{- default $default $account.name }}
{{- end }}

{{/* Kubernetes user of a component: (list $ "operator"). */}}
{{- define "avatarpool.user" -}}
system:serviceaccount:{{ include "avatarpool.namespace" (index . 0) }}:{{ include "avatarpool.serviceAccountName" . }}
{{- end }}

{{/* Name of the Secret with the launch port's certificate. Empty without TLS. */}}
{{- define "avatarpool.tlsSecretName" -}}
{{- $issued := .Values.gateway.certificate.enabled | ternary (print (include "avatarpool.fullname" .) "-gateway-tls") "" -}}
{{- default $issued .Values.gateway.tls.secretName }}
{{- end }}

{{/* Port of the Service for launches. */}}
{{- define "avatarpool.launchPort" -}}
{{- include "avatarpool.tlsSecretName" . | empty | ternary 80 443 }}
{{- end }}

{{/* Image of everything but the gateway. */}}
{{- define "avatarpool.image" -}}
{{- include "avatarpool.componentImage" (list . "operator") }}
{{- end }}

{{/* Image of a component: (list $ "operator"). A component's own tag or digest replaces both common ones. */}}
{{- define "avatarpool.componentImage" -}}
{{- $root := index . 0 -}}
{{- $common := $root.Values.image -}}
{{- $own := (get $root.Values (index . 1)).image -}}
{{- $version := or $own.tag $own.digest | empty | ternary $common $own -}}
{{- with coalesce $root.Values.global.imageRegistry $own.registry $common.registry }}{{ . }}/{{ end -}}
{{- default $common.repository $own.repository -}}
{{- empty $version.digest | ternary (printf ":%s" (default $root.Chart.AppVersion $version.tag)) (printf "@%s" $version.digest) }}
{{- end }}

{{/* Name of a component's cluster-scoped object: (list $ "gateway-pools"). It differs between releases of one name in several namespaces. */}}
{{- define "avatarpool.clusterName" -}}
{{- $root := index . 0 -}}
{{ include "avatarpool.namespace" $root }}:{{ include "avatarpool.fullname" $root }}-{{ index . 1 }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "avatarpool.labels" -}}
{{- toYaml (merge (include "avatarpool.ownLabels" . | fromYaml) .Values.commonLabels) }}
{{- end }}

{{- define "avatarpool.ownLabels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "avatarpool"
  "app.kubernetes.io/name" (include "avatarpool.name" .)
  "app.kubernetes.io/instance" .Release.Name
-}}
{{- toYaml $own }}
{{- end }}

{{/* Labels that select the pods of a component: (list $ "operator"). */}}
{{- define "avatarpool.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "avatarpool.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/*
Metadata of an object, with the common labels and annotations. Takes a dict of root and name, and optionally namespace, component,
labels and annotations. The chart's own labels win.
*/}}
{{- define "avatarpool.objectMeta" -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . }}
{{- end }}
{{- include "avatarpool.labelsAndAnnotations" . | nindent 0 }}
{{- end }}

{{/* The same without a name, for pod templates. */}}
{{- define "avatarpool.labelsAndAnnotations" -}}
{{- $component := empty .component | ternary (dict) (dict "app.kubernetes.io/component" .component) -}}
labels:
  {{- toYaml (merge (include "avatarpool.ownLabels" .root | fromYaml) $component (default (dict) .labels) .root.Values.commonLabels) | nindent 2 }}
{{- with merge (dict) (default (dict) .annotations) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Metadata of a component's object: (list $ "operator"), or (list $ "gateway" "gateway-internal") if its name differs. A fourth item is
a dict with labels and annotations.
*/}}
{{- define "avatarpool.metadata" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $suffix := $component -}}
{{- if gt (len .) 2 }}{{ $suffix = index . 2 }}{{ end -}}
{{- $more := dict -}}
{{- if gt (len .) 3 }}{{ $more = index . 3 }}{{ end -}}
{{- $name := printf "%s-%s" (include "avatarpool.fullname" $root) $suffix -}}
{{- $own := dict "root" $root "name" $name "namespace" (include "avatarpool.namespace" $root) "component" $component -}}
{{- include "avatarpool.objectMeta" (dict "labels" $more.labels "annotations" $more.annotations | merge $own) }}
{{- end }}

{{/* The pods that may connect to workers, as a list of NetworkPolicyPeers. Pools may be in any namespace. */}}
{{- define "avatarpool.workerPeers" -}}
{{- range list "operator" "gateway" }}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ include "avatarpool.namespace" $ }}
  podSelector:
    matchLabels:
      {{- include "avatarpool.selector" (list $ .) | nindent 6 }}
{{- end }}
{{- end }}

{{/* The permission of a component to read Secrets, in a list of rules: (list $ "operator"). Nothing may list or watch Secrets. */}}
{{- define "avatarpool.secretRule" -}}
{{- with (get (index . 0).Values (index . 1)).secretAccess }}
{{- if .enabled }}
- apiGroups: [""]
  resources: [secrets]
  {{- with .names }}
  resourceNames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  verbs: [get]
{{- end }}
{{- end }}
{{- end }}

{{/*
Rights of a component where pools live: a ClusterRole, or a Role in each of `namespaces`.
Takes a dict of root, component and rules (a list).
*/}}
{{- define "avatarpool.poolRights" -}}
{{- $component := .component }}
{{- $clusterName := include "avatarpool.clusterName" (list .root (printf "%s-pools" $component)) }}
{{- $rules := .rules }}
{{- $root := .root }}
{{- range default (list "") $root.Values.namespaces }}
{{- $metadata := dict "root" $root "name" $clusterName "namespace" . "component" $component }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ empty . | ternary "ClusterRole" "Role" }}
metadata:
  {{- include "avatarpool.objectMeta" $metadata | nindent 2 }}
rules:
  {{- $rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ empty . | ternary "ClusterRoleBinding" "RoleBinding" }}
metadata:
  {{- include "avatarpool.objectMeta" $metadata | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ empty . | ternary "ClusterRole" "Role" }}
  name: {{ $clusterName }}
subjects:
  - kind: ServiceAccount
    name: {{ include "avatarpool.serviceAccountName" (list $root $component) }}
    namespace: {{ include "avatarpool.namespace" $root }}
{{- end }}
{{- end }}
